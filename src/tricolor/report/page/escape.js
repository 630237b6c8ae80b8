"use strict";
// Shows sites in their source. The fragment of the address says what is in view: nothing for the summary, or FILE[:LINE[:COLUMN]], as
// compilers write positions (columns in bytes). Text goes into the page as text nodes only.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const COSTS = [
    { name: "heap", css: "heap", sign: "H" },
    { name: "heap when larger", css: "larger", sign: "L" },
    { name: "stack", css: "stack", sign: "S" },
    { name: "none", css: "none", sign: "–" },
  ];
  const LINE_PIXELS = 20;
  const CHUNK_LINES = 60; // the browser lays out lines that are out of view by chunks of this size
  const ROWS = 200; // rows of the list that are made at once
  const $ = (id) => document.getElementById(id);
  const main = $("main");
  const panel = $("panel");
  const fileByName = new Map(data.files.map((file, index) => [file.name, index]));
  const filter = { costs: new Set([0, 1, 2, 3]), kind: "", text: "" };
  /** The file in view: its index, its line elements, its marks {element, sites}, and which marks a line has. */
  let view = null;
  let rowsShown = ROWS;
  let focusPanel = false;

  data.sites.forEach((site) => {
    site.searched = [site.expression, site.why, site.function, site.type, site.kind, site.hint].join("\n").toLowerCase();
  });

  function element(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }

  const counted = (count, what) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const place = (site) => `${data.files[site.file].name}:${site.line}:${site.column}`;
  const address = (text) => "#" + encodeURI(text).replace(/#/g, "%23");
  const shown = (site) =>
    filter.costs.has(site.cost) && (!filter.kind || site.kind === filter.kind) && (!filter.text || site.searched.includes(filter.text));
  const sign = (cost, text) => element("i", { class: `sign ${COSTS[cost].css}`, title: COSTS[cost].name }, text || COSTS[cost].sign);

  // --- the source of a file ---

  function unpackTokens(file) {
    const out = [];
    let at = 0;
    for (let i = 0; i < file.tokens.length; i += 3) {
      const start = at + file.tokens[i];
      at = start + file.tokens[i + 1];
      out.push({ start, end: at, kind: file.tokens[i + 2] });
    }
    return out;
  }

  function showFile(index) {
    if (view && view.file === index) return;
    const file = data.files[index];
    view = { file: index, lines: [], marks: [], marksOfLine: new Map() };
    const source = element("div", { class: "source" });
    if (file.text === null) source.append(element("p", { class: "home" }, "The source of this file cannot be read."));
    else fillSource(source, file);
    main.replaceChildren(pathBar(file), source);
    main.scrollTo(0, 0);
    $("files").querySelectorAll("a").forEach((link) => setCurrent(link, link.dataset.file === String(index)));
    document.title = file.name;
    applyFilterToMarks();
  }

  function setCurrent(link, current) {
    if (current) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest" });
    } else link.removeAttribute("aria-current");
  }

  function pathBar(file) {
    const legend = element("span", { class: "legend" });
    const labels = ["heap", "heap when larger", "stack", "never allocates"];
    labels.forEach((label, cost) => legend.append(element("span", {}, sign(cost), " ", element("span", { class: `mark ${COSTS[cost].css}` }, label))));
    return element("div", { class: "path" }, element("span", { class: "mono" }, file.name), legend);
  }

  function fillSource(source, file) {
    const texts = file.text.split("\n");
    if (texts.length > 1 && !texts[texts.length - 1]) texts.pop();
    const paint = painter(file, unpackTokens(file));
    let mark = 0;
    let start = 0;
    let chunk = null;
    const width = texts.reduce((most, text) => Math.max(most, columns(text)), 0);
    texts.forEach((text, number) => {
      if (number % CHUNK_LINES === 0) {
        chunk = element("div", { class: "chunk" });
        chunk.style.height = `${Math.min(CHUNK_LINES, texts.length - number) * LINE_PIXELS}px`;
        chunk.style.width = `calc(var(--gutter) + ${width + 4}ch)`;
        source.append(chunk);
      }
      const end = start + text.length;
      const code = element("span", {});
      let at = start;
      const here = [];
      for (; mark < file.marks.length && file.marks[mark][0] < end; mark++) {
        const [from, to, sites] = file.marks[mark];
        paint(code, at, from);
        const made = element("span", { class: "mark", role: "button", "data-mark": view.marks.length });
        paint(made, from, to);
        code.append(made);
        here.push(view.marks.length);
        view.marks.push({ element: made, sites, line: number + 1 });
        at = to;
      }
      paint(code, at, end);
      if (here.length) view.marksOfLine.set(number + 1, here);
      const link = element("a", { href: address(`${file.name}:${number + 1}`), tabindex: "-1" }, String(number + 1));
      const line = element("div", { class: "line" }, element("span", { class: "number" }, link), code);
      view.lines.push(line);
      chunk.append(line);
      start = end + 1;
    });
  }

  /** Width of a line in columns: a tab goes to the next multiple of 4, a wide character counts as two. */
  function columns(text) {
    let width = 0;
    for (const character of text) width += character === "\t" ? 4 - (width % 4) : character > "\u2e7f" ? 2 : 1;
    return width;
  }

  /** A function that appends the text from start to end, coloured. Its calls must go forward through the file. */
  function painter(file, tokens) {
    let next = 0;
    return (parent, start, end) => {
      while (start < end) {
        while (next < tokens.length && tokens[next].end <= start) next++;
        const token = next < tokens.length ? tokens[next] : { start: end, end };
        if (token.start > start) {
          const stop = Math.min(token.start, end);
          parent.append(file.text.slice(start, stop));
          start = stop;
        } else {
          const stop = Math.min(token.end, end);
          parent.append(element("span", { class: `t${token.kind}` }, file.text.slice(start, stop)));
          start = stop;
        }
      }
    };
  }

  function applyFilterToMarks() {
    if (!view) return;
    for (const mark of view.marks) {
      const sites = mark.sites.map((number) => data.sites[number]).filter(shown);
      const cost = sites.length ? Math.min(...sites.map((site) => site.cost)) : null;
      mark.cost = cost;
      mark.element.className = cost === null ? "mark off" : `mark ${COSTS[cost].css}${mark.open ? " open" : ""}`;
      mark.element.tabIndex = cost === null ? -1 : 0;
      mark.element.setAttribute("aria-label", sites.map((site) => `${site.expression}: ${site.decision}`).join("; "));
    }
    for (const [line, marks] of view.marksOfLine) {
      const gutter = view.lines[line - 1].firstChild;
      const counts = new Map();
      marks.map((number) => view.marks[number].cost).filter((cost) => cost !== null).forEach((cost) => counts.set(cost, (counts.get(cost) || 0) + 1));
      const signs = [...counts].sort((a, b) => a[0] - b[0]).map(([cost, count]) => {
        const made = sign(cost, COSTS[cost].sign + (count > 1 ? count : ""));
        made.dataset.mark = marks.find((number) => view.marks[number].cost === cost);
        return made;
      });
      gutter.replaceChildren(...signs, gutter.lastChild);
    }
  }

  /** Scrolls a line into view and highlights it. */
  function reveal(index, line) {
    showFile(index);
    for (const lit of main.querySelectorAll(".hit")) lit.classList.remove("hit");
    const found = view.lines[line - 1];
    if (!found) return;
    found.classList.add("hit");
    const top = found.getBoundingClientRect().top - main.getBoundingClientRect().top;
    if (top < 2 * LINE_PIXELS || top > main.clientHeight - 4 * LINE_PIXELS) main.scrollTop += top - main.clientHeight / 3;
  }

  // --- the panel ---

  function showPanel(sites) {
    const close = element("button", { class: "close", "aria-label": "Close", title: "Close (Esc)" }, "×");
    close.addEventListener("click", closePanel);
    panel.replaceChildren(close, ...sites.map(card));
    panel.hidden = false;
    panel.scrollTo(0, 0);
    if (focusPanel) panel.focus();
    focusPanel = false;
  }

  function closePanel() {
    if (panel.hidden) return;
    panel.hidden = true;
    const open = view && view.marks.find((mark) => mark.open);
    openMarks(() => false);
    if (open) open.element.focus({ preventScroll: true });
  }

  function openMarks(isOpen) {
    if (!view) return;
    for (const mark of view.marks) {
      mark.open = isOpen(mark);
      mark.element.classList.toggle("open", mark.open);
    }
  }

  function card(site) {
    const facts = [
      ["kind", site.kind],
      ["type", element("code", {}, site.type)],
      ["size", site.size ? `${site.size} bytes` : "known only at run time"],
      ["in", element("code", {}, site.function)],
      ["at", element("a", { href: address(place(site)) }, place(site))],
    ];
    if (site.type && !site.size && site.cost > 1) facts.splice(2, 1);
    if (site.note) facts.push(["note", site.note]);
    if (site.shapes) facts.push(["instances", String(site.shapes)]);
    const list = element("dl", {});
    facts.forEach(([name, value]) => list.append(element("dt", {}, name), element("dd", {}, value)));
    const out = element("article", { class: "card" }, element("h2", {}, site.expression), badge(site), list);
    if (site.why) out.append(element("p", { class: "sentence" }, site.why + "."));
    if (site.chain.length) out.append(element("h3", {}, "how it gets there"), chain(site));
    if (site.hint) out.append(element("p", { class: "hint" }, element("b", {}, "hint"), site.hint));
    return out;
  }

  const badge = (site) => element("span", { class: `badge ${COSTS[site.cost].css}` }, site.decision);

  function chain(site) {
    const list = element("ol", { class: "chain" });
    for (const step of site.chain) {
      const item = element("li", {});
      if (step.line) {
        const link = element("a", { href: address(`${data.files[step.file].name}:${step.line}`) }, step.text || `line ${step.line}`);
        link.addEventListener("click", (event) => {
          event.preventDefault(); // keep the explanation open, and scroll the line into view
          reveal(step.file, step.line);
        });
        item.append(link);
      } else item.append(step.text);
      item.append(element("span", { class: "flow" }, step.flow));
      list.append(item);
    }
    return list;
  }

  // --- the summary ---

  function showHome(note) {
    view = null;
    document.title = document.querySelector("title").dataset.home;
    panel.hidden = true;
    $("files").querySelectorAll("a").forEach((link) => setCurrent(link, false));
    const packages = data.packages.map((one) => one.path).join(" ");
    const home = element("div", { class: "home" }, element("h1", {}, packages || "no packages"), element("p", {}, note || lead()), table());
    home.append(element("div", { id: "list" }));
    main.replaceChildren(home);
    main.scrollTo(0, 0);
    fillList();
  }

  function lead() {
    const heap = data.sites.filter((site) => site.cost < 2).length;
    return `${data.sites.length} places make a value; ${heap} of them may allocate on the heap. Decisions match ${data.go} with inlining off.`;
  }

  function table() {
    const kinds = [...new Set(data.sites.map((site) => site.kind))];
    const count = (kind, cost) => data.sites.filter((site) => (!kind || site.kind === kind) && (cost === null || site.cost === cost)).length;
    kinds.sort((a, b) => count(b, null) - count(a, null));
    const head = element("tr", {}, element("th", {}, "kind"));
    COSTS.forEach((cost, index) => head.append(element("th", { scope: "col" }, sign(index), " ", cost.name)));
    head.append(element("th", { scope: "col" }, "sites"));
    const body = element("tbody", {});
    const line = (kind, label) => {
      const row = element("tr", {}, element("th", { scope: "row" }, label));
      [0, 1, 2, 3, null].forEach((cost) => row.append(cell(count(kind, cost), kind, cost)));
      return row;
    };
    kinds.forEach((kind) => body.append(line(kind, kind)));
    return element("table", {}, element("thead", {}, head), body, element("tfoot", {}, line("", "all")));
  }

  function cell(count, kind, cost) {
    if (!count) return element("td", { class: "zero" }, "0");
    const button = element("button", { title: "show only these sites" }, String(count));
    button.addEventListener("click", () => {
      filter.kind = kind;
      filter.costs = new Set(cost === null ? [0, 1, 2, 3] : [cost]);
      applyFilter();
    });
    return element("td", {}, button);
  }

  function fillList() {
    const list = $("list");
    if (!list) return;
    const sites = data.sites.filter(shown);
    const rows = sites.slice(0, rowsShown).map((site) =>
      element("a", { class: "row", href: address(place(site)) },
        sign(site.cost),
        element("span", {}, element("code", {}, site.expression), " ", element("span", { class: "where" }, place(site)),
          element("span", { class: "why" }, site.why || site.note || site.decision))));
    list.replaceChildren(element("p", {}, `${sites.length} of ${data.sites.length} sites match the filter.`), ...rows);
    if (sites.length > rowsShown) {
      const more = element("button", { class: "more" }, `${sites.length - rowsShown} more`);
      more.addEventListener("click", () => {
        rowsShown += 5 * ROWS;
        fillList();
      });
      list.append(more);
    }
  }

  // --- filters and files ---

  function makeSide() {
    $("about").textContent = `${counted(data.sites.length, "site")} in ${counted(data.files.length, "file")} · ${data.go}`;
    COSTS.forEach((cost, index) => {
      const box = element("input", { type: "checkbox", "data-cost": index });
      box.addEventListener("change", () => {
        if (box.checked) filter.costs.add(index);
        else filter.costs.delete(index);
        applyFilter();
      });
      $("costs").append(element("label", {}, box, sign(index), cost.name, element("span", { class: "count" })));
    });
    const kinds = [...new Set(data.sites.map((site) => site.kind))].sort();
    $("kind").append(element("option", { value: "" }, "all"), ...kinds.map((kind) => element("option", { value: kind }, kind)));
    $("kind").addEventListener("change", () => {
      filter.kind = $("kind").value;
      applyFilter();
    });
    $("search").addEventListener("input", () => {
      filter.text = $("search").value.trim().toLowerCase();
      applyFilter();
    });
    for (const one of data.packages) {
      if (!one.files.length) continue;
      $("files").append(element("h2", {}, one.path));
      for (const index of one.files) {
        const name = data.files[index].name;
        const folder = name.slice(0, Math.max(0, name.lastIndexOf("/")));
        const own = one.path.endsWith(folder) || folder.endsWith(one.path);
        const label = element("span", { class: "name" }, own ? name.slice(folder.length ? folder.length + 1 : 0) : name);
        $("files").append(element("a", { href: address(name), title: name, "data-file": index }, label, element("span", { class: "counts" })));
      }
    }
  }

  /** Updates the whole page to the filter. */
  function applyFilter() {
    rowsShown = ROWS;
    const totals = [0, 0, 0, 0];
    const heap = new Array(data.files.length).fill(0);
    const other = new Array(data.files.length).fill(0);
    for (const site of data.sites) {
      if ((!filter.kind || site.kind === filter.kind) && (!filter.text || site.searched.includes(filter.text))) totals[site.cost]++;
      if (shown(site)) (site.cost < 2 ? heap : other)[site.file]++;
    }
    $("costs").querySelectorAll("label").forEach((label, index) => {
      label.querySelector("input").checked = filter.costs.has(index);
      label.querySelector(".count").textContent = totals[index];
    });
    $("kind").value = filter.kind;
    $("files").querySelectorAll("a").forEach((link) => {
      const index = Number(link.dataset.file);
      link.classList.toggle("empty", heap[index] + other[index] === 0);
      const signs = [];
      if (heap[index]) signs.push(element("i", { class: "sign heap", title: "may allocate on the heap" }, String(heap[index])));
      if (other[index]) signs.push(element("i", { class: "sign stack", title: "stack, or never allocates" }, String(other[index])));
      link.lastChild.replaceChildren(...signs);
    });
    applyFilterToMarks();
    fillList();
  }

  // --- navigation ---

  function route() {
    let wanted = "";
    try {
      wanted = decodeURIComponent(location.hash.slice(1));
    } catch {
      // A fragment that cannot be decoded shows the summary.
    }
    if (!wanted) return showHome("");
    const [, name, line, column] = /^(.*?)(?::(\d+)(?::(\d+))?)?$/s.exec(wanted);
    const index = fileByName.get(name);
    if (index === undefined) return showHome(`This page does not contain the file ${name}.`);
    showFile(index);
    if (!line) {
      panel.hidden = true;
      return undefined;
    }
    reveal(index, Number(line));
    const sites = data.sites.filter((site) => site.file === index && site.line === Number(line) && (!column || site.column === Number(column)));
    openMarks((mark) => mark.sites.some((number) => sites.includes(data.sites[number])));
    if (sites.length) showPanel(sites);
    else panel.hidden = true;
    return undefined;
  }

  function go(hash) {
    if (location.hash === hash) route();
    else location.hash = hash;
  }

  function openMark(number) {
    go(address(place(data.sites[view.marks[number].sites[0]])));
  }

  /** Opens the next or previous mark that the filter shows, counted from the open or focused mark. */
  function stepMark(by) {
    const count = view.marks.length;
    let at = view.marks.findIndex((mark) => mark.open || mark.element === document.activeElement);
    if (at < 0 && by < 0) at = count;
    for (at += by; at >= 0 && at < count; at += by) {
      if (view.marks[at].cost !== null) {
        openMark(at);
        return;
      }
    }
  }

  main.addEventListener("click", (event) => {
    const hit = event.target.closest("[data-mark]");
    if (hit && !hit.classList.contains("off") && !String(getSelection())) openMark(Number(hit.dataset.mark));
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const mark = event.target.closest(".mark[data-mark]");
    if (event.key === "Escape") closePanel();
    else if (mark && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      focusPanel = true;
      openMark(Number(mark.dataset.mark));
    } else if (event.target.closest("input[type=search], select")) return;
    else if (event.key === "/") {
      event.preventDefault();
      $("search").focus();
    } else if (view && (event.key === "j" || event.key === "k")) stepMark(event.key === "j" ? 1 : -1);
  });
  window.addEventListener("hashchange", route);
  document.querySelector("title").dataset.home = document.title;
  makeSide();
  applyFilter();
  route();
})();
