"""The parts of a request one by one, without sockets: what each takes of the thread that runs it."""
