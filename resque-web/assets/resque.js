// Makes the pages live and usable by keyboard. Everything works without it.
"use strict";
(() => {
  const root = document.documentElement;
  const base = document.body.dataset.base;
  root.classList.add("js");
  // On a phone the navigation is longer than the screen; it fades where there is more.
  const tabs = document.querySelector(".tabs ul");
  const fade = () => tabs.classList.toggle("moved", tabs.scrollLeft > 4);
  tabs.addEventListener("scroll", fade, { passive: true });
  const current = tabs.querySelector("[aria-current]");
  if (current) current.scrollIntoView({ block: "nearest", inline: "center" });
  fade();

  // Times go on between two readings of the store.
  const units = [[86400, "d", 3600, "h"], [3600, "h", 60, "m"], [60, "m", 1, "s"]];
  const span = (seconds) => {
    for (const [large, name, small, smallName] of units) {
      if (seconds >= large) {
        return `${Math.floor(seconds / large)}${name} ${Math.floor(seconds % large / small)}${smallName}`;
      }
    }
    return `${seconds}s`;
  };
  // The clock of this machine may be wrong: the server's tells the page's age.
  let offset = 0;
  const tellOffset = (now) => {
    const server = Date.parse(now || "");
    if (server) offset = server - Date.now();
  };
  tellOffset(document.body.dataset.now);
  const tick = () => {
    for (const time of document.querySelectorAll("time[data-time]")) {
      const seconds = Math.round((Date.now() + offset - Date.parse(time.dateTime)) / 1000);
      const text = span(Math.abs(seconds));
      let shown = text;
      if (time.dataset.time === "ago") {
        shown = seconds >= 1 ? `${text} ago` : seconds <= -1 ? `in ${text}` : "now";
      }
      if (time.textContent !== shown) time.textContent = shown;
    }
  };

  // Live regions are replaced by those of a fresh copy of the page, unless somebody works in them.
  const isBusy = (region) => region.querySelector("details[open], input:checked") !== null
    || (region.contains(document.activeElement) && document.activeElement.matches("input, select, textarea"))
    || (String(getSelection()).length > 0 && region.contains(getSelection().anchorNode));
  const place = () => document.activeElement && document.activeElement.getAttribute("href");
  let loading = false;
  const refresh = async () => {
    if (loading) return;
    loading = true;
    try {
      const answer = await fetch(location.href, { headers: { "x-requested-with": "resque" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      tellOffset(fresh.body.dataset.now);
      for (const region of document.querySelectorAll("[data-live]")) {
        const twin = fresh.getElementById(region.id);
        if (!twin || isBusy(region) || twin.innerHTML === region.innerHTML) continue;
        const focus = region.contains(document.activeElement) ? place() : null;
        region.replaceChildren(...document.importNode(twin, true).childNodes);
        if (focus) {
          const link = [...region.querySelectorAll("a[href]")].find((a) => a.getAttribute("href") === focus);
          if (link) link.focus({ preventScroll: true });
        }
      }
      tick();
      lost(false);
    } catch {
      lost(true);
    } finally {
      loading = false;
    }
  };

  const button = document.querySelector("[data-pause]");
  const KEY = "resque-paused";
  const label = () => button && button.querySelector("span");
  const isPaused = () => sessionStorage.getItem(KEY) === "1";
  let source = null;
  let timer = null;
  const lost = (is) => {
    if (!button || isPaused()) return;
    button.classList.toggle("lost", is);
    label().textContent = is ? "Reconnecting" : "Live";
  };
  const stop = () => {
    if (source) source.close();
    if (timer) clearInterval(timer);
    source = timer = null;
  };
  const start = () => {
    stop();
    if (isPaused() || document.hidden) return;
    source = new EventSource(`${base}/live`);
    source.addEventListener("change", refresh);
    source.addEventListener("open", () => lost(false));
    source.addEventListener("error", () => {
      lost(true);
      // Too many streams, or none at all: asking now and then does as well.
      if (source && source.readyState === EventSource.CLOSED) {
        stop();
        timer = setInterval(refresh, 5000);
      }
    });
  };
  const showPause = () => {
    button.setAttribute("aria-pressed", String(isPaused()));
    button.classList.remove("lost");
    label().textContent = isPaused() ? "Paused" : "Live";
  };
  const togglePause = () => {
    if (!button) return;
    sessionStorage.setItem(KEY, isPaused() ? "0" : "1");
    showPause();
    if (isPaused()) stop();
    else {
      refresh();
      start();
    }
  };
  if (button) {
    button.hidden = false;
    button.addEventListener("click", togglePause);
    showPause();
    start();
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) stop();
      else if (!isPaused()) {
        refresh();
        start();
      }
    });
  }
  setInterval(tick, 1000);

  // A long change goes on by itself.
  const auto = document.querySelector("form[data-auto]");
  if (auto) auto.requestSubmit();

  // All boxes of a list at once.
  document.addEventListener("change", (event) => {
    const all = event.target;
    if (!all.matches || !all.matches("input[data-all]")) return;
    // They belong to its form, but stand in the rows of a table.
    const boxes = [...(all.form ? all.form.elements : document.querySelectorAll("input"))];
    for (const box of boxes) if (box.name === all.dataset.all) box.checked = all.checked;
  });

  // Keys.
  const rows = () => [...document.querySelectorAll("main tbody tr")].filter((row) => row.querySelector("a, button"));
  const move = (by) => {
    const all = rows();
    if (all.length === 0) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1);
    all[next].querySelector("a, button").focus();
  };
  let goes = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.matches("input, select, textarea")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Escape") {
      for (const open of document.querySelectorAll("details.sure[open]")) open.open = false;
      return;
    }
    if (event.timeStamp - goes < 2500) {
      goes = -Infinity;
      const entry = document.querySelector(`.tabs a[data-key="${CSS.escape(event.key)}"]`);
      if (entry) entry.click();
      return;
    }
    const dialog = document.getElementById("keys");
    const search = document.querySelector("main input[type=search]");
    if (event.key === "g") goes = event.timeStamp;
    else if (event.key === "j") move(1);
    else if (event.key === "k") move(-1);
    else if (event.key === "p") togglePause();
    else if (event.key === "?" && !dialog.open) dialog.showModal();
    else if (event.key === "/" && search) {
      event.preventDefault();
      search.focus();
    }
  });
})();
