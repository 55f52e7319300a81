// Before the first paint: the agent's own choice of light or dark, else the machine's.
const theme = localStorage.getItem("bricol-desk-theme");
if (theme) document.documentElement.dataset.theme = theme;
