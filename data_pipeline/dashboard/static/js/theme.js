// Dark, light or as the system has it; the choice outlives the page. Runs before the first paint.
try {
  const theme = localStorage.getItem("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch { /* storage is switched off: as the system has it */ }
