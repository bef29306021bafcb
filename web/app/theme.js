// Runs before the first paint: a chosen theme must not flash the other one.
try {
  const theme = localStorage.getItem('minichat.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch { /* storage is forbidden: the system's theme stands */ }
