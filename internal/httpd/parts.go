package httpd

// registerParts shows the counters of the hub, the sockets and the database.
func registerParts(o Options, gauge, counter func(name, help string, read func() float64)) {
	gauge("minichat_socket_connections", "Sockets that are open.", func() float64 { return float64(o.Socket.Stats().Connections) })
	counter("minichat_socket_opened_total", "Sockets that were opened.", func() float64 { return float64(o.Socket.Stats().Opened) })
	counter("minichat_socket_refused_total", "Sockets closed at once, for there is no memory for more (1013).", func() float64 { return float64(o.Socket.Stats().Refused) })
	counter("minichat_socket_slow_total", "Sockets closed because their peer took nothing (4008).", func() float64 { return float64(o.Socket.Stats().Slow) })
	counter("minichat_socket_floods_total", "Sockets closed for too many control frames (4009).", func() float64 { return float64(o.Socket.Stats().Floods) })
	counter("minichat_socket_broken_total", "Sockets closed for what their peer sent (1002 to 1009).", func() float64 { return float64(o.Socket.Stats().Broken) })
	counter("minichat_store_commits_total", "Transactions on disk.", func() float64 { return float64(o.Store.Stats().Commits) })
	counter("minichat_store_writes_total", "Changes gathered into those transactions.", func() float64 { return float64(o.Store.Stats().Writes) })
	counter("minichat_store_events_total", "Events written to rooms' logs.", func() float64 { return float64(o.Store.Stats().Events) })
	counter("minichat_store_reruns_total", "Transactions rolled back and run again without the change at fault.", func() float64 { return float64(o.Store.Stats().Reruns) })
	gauge("minichat_store_queue_length", "Changes that wait for the transaction under way.", func() float64 { return float64(o.Store.Stats().Queued) })
	gauge("minichat_files_available", "1 while the place of the files answers.", func() float64 {
		if o.Files == nil || o.Files() {
			return 1
		}
		return 0
	})
	gauge("minichat_sessions", "Sockets that have said hello, the lab's too.", func() float64 { return float64(o.Hub.Stats().Sessions) })
	gauge("minichat_users_online", "People with at least one socket.", func() float64 { return float64(o.Hub.Stats().Users) })
	gauge("minichat_rooms_watched", "Rooms that somebody watches.", func() float64 { return float64(o.Hub.Stats().Rooms) })
	gauge("minichat_watches", "Rooms watched, counted for each socket that watches one.", func() float64 { return float64(o.Hub.Stats().Watches) })
	counter("minichat_deliveries_total", "One event to one socket.", func() float64 { return float64(o.Hub.Stats().Deliveries) })
	counter("minichat_delivered_bytes_total", "Bytes handed to sockets.", func() float64 { return float64(o.Hub.Stats().Bytes) })
	counter("minichat_behind_total", "Times that a socket fell behind and was fed from the log.", func() float64 { return float64(o.Hub.Stats().Behind) })
	counter("minichat_pages_read_total", "Pages of the log that were read for sockets.", func() float64 { return float64(o.Hub.Stats().Pages) })
	counter("minichat_delivery_writes_total", "Writes to sockets in which those events went.", func() float64 { return float64(o.Hub.Stats().Writes) })
	counter("minichat_holes_total", "Times that the bus had lost an event, which was read from the log.", func() float64 { return float64(o.Hub.Stats().Holes) })
	counter("minichat_signals_dropped_total", "Signals that were not delivered.", func() float64 { return float64(o.Hub.Stats().Dropped) })
	counter("minichat_sessions_ended_total", "Sockets closed because their session, token or person was ended, or for too many connections.", func() float64 { return float64(o.Hub.Stats().Ended) })
}
