"""Hidden data in files, by format: what a file tells of its maker besides what it shows."""
