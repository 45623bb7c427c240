"""Documents that can be searched: the query language, the analyser, the engines."""
