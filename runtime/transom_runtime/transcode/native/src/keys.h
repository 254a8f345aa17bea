/* The keys of the maps that are open, to tell whether one is there twice. */
#ifndef TRANSOM_KEYS_H
#define TRANSOM_KEYS_H

#include "plans.h"

/* Spans of keys, of all maps that are open. */
struct keys { struct span *at; size_t count, room; };

bool keys_add(struct keys *keys, const uint8_t *at, size_t size);
/* Forget the keys from `first` on; whether all of them differed. Says no where it would have to look for long. */
bool keys_close(struct keys *keys, size_t first);
#endif
