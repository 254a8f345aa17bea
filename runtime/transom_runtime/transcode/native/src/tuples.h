/* Reading the tuples of tables.py. What is malformed raises ValueError, and is told by false or -1. */
#ifndef TRANSOM_TUPLES_H
#define TRANSOM_TUPLES_H

#include "plans.h"

bool wrong(void);
void *make(size_t count, size_t size);
bool as_span(PyObject *bytes, struct span *span);
bool as_int(PyObject *number, long low, long high, long *value);
Py_ssize_t count_of(PyObject *tuple);
/* From ((name, value), ...), each value below `high`; 0: any. */
bool build_names(PyObject *pairs, long high, struct names *names);
#endif
