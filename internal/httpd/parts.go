package httpd

// registerParts shows the counters of the hub, the sockets and the database.
func registerParts(o Options, gauge, counter func(name, help string, read func() float64)) {
	gauge("minichat_socket_connections", "Sockets that are open.", func() float64 { return float64(o.Socket.Stats().Connections) })
	counter("minichat_socket_opened_total", "Sockets that were opened.", func() float64 { return float64(o.Socket.Stats().Opened) })
	counter("minichat_socket_slow_total", "Sockets closed because their peer took nothing (4008).", func() float64 { return float64(o.Socket.Stats().Slow) })
	counter("minichat_socket_floods_total", "Sockets closed for too many control frames (4009).", func() float64 { return float64(o.Socket.Stats().Floods) })
	counter("minichat_socket_broken_total", "Sockets closed for what their peer sent (1002 to 1009).", func() float64 { return float64(o.Socket.Stats().Broken) })
	counter("minichat_store_commits_total", "Transactions on disk.", func() float64 { return float64(o.Store.Stats().Commits) })
	counter("minichat_store_writes_total", "Changes gathered into those transactions.", func() float64 { return float64(o.Store.Stats().Writes) })
	counter("minichat_store_events_total", "Events written to rooms' logs.", func() float64 { return float64(o.Store.Stats().Events) })
}
