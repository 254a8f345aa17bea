module transom/bench/callers

go 1.24
