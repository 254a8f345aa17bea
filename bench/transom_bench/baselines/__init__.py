"""What a Python team writes by hand where it has no generator: the same few routes, with json_format."""
