// Not a module: it runs before the page is painted, which would flash otherwise.
try {
  const theme = localStorage.getItem('breakwater-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is off: the theme is that of the system.
}
