module transom/bench/upstream

go 1.24
