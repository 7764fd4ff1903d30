// Follows the theme of Airflow: its page keeps the choice in localStorage and shows it as a class of <html>.
// Without it (opened alone, storage closed) the system's preference holds, by the style sheet.
(function () {
  "use strict";
  var root = document.documentElement;

  function host() {
    try {
      return window.parent !== window ? window.parent.document.documentElement : null;
    } catch (_) {
      return null; // framed by a page of another origin
    }
  }

  function chosen() {
    var outer = host();
    if (outer && outer.classList.contains("dark")) return "dark";
    if (outer && outer.classList.contains("light")) return "light";
    try {
      var kept = window.localStorage.getItem("theme");
      return kept === "dark" || kept === "light" ? kept : null;
    } catch (_) {
      return null;
    }
  }

  function apply() {
    var theme = chosen();
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  apply();
  var outer = host();
  if (outer) new MutationObserver(apply).observe(outer, { attributes: true, attributeFilter: ["class"] });
  window.addEventListener("storage", apply);

  document.addEventListener("DOMContentLoaded", function () {
    // The newest day is at the right end: show it first, or the day the page is about.
    document.querySelectorAll(".grid-scroll").forEach(function (area) {
      var current = area.querySelector(".cell.current rect");
      area.scrollLeft = current ? current.x.baseVal.value - area.clientWidth / 2 : area.scrollWidth;
    });
  });
})();
