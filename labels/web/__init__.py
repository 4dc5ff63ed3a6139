"""The labelling page: server-rendered, one text at a time, by keys or by buttons; works without JavaScript."""
