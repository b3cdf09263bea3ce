import HealModel

/// The parts of an HTML page that are the same for every report. Nothing in them comes from elsewhere.
enum HTMLPage {
    /// Base64 of the SHA-256 of `style` and `script`: the page's policy allows these two and nothing else. A test compares.
    static let styleHash = "uwADGcA96/+jGt+EGBqL1ppBpRIsM3fNMkNUxLE18D0="
    static let scriptHash = "Vn/PxMsW3d4yf0NjL+8DGg2ZSf2QlBFMb9ZwpFnaVes="

    /// The rest of the policy.
    static let allowed =
        " style-src 'sha256-\(styleHash)'; script-src 'sha256-\(scriptHash)'; base-uri 'none'; form-action 'none'"

    /// How every page begins, up to what its policy allows.
    static let beginning = """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none';
        """

    static let style = """
        :root { color-scheme: light dark; --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d5dae1;
          --accent: #0b57d0; --ok: #116329; --ok-back: #dcf5e3; --warn: #7a4b00; --warn-back: #fff1cf; --bad: #a40e26;
          --bad-back: #ffe3e5; --other: #4a3a86; --other-back: #ebe7fb; --code: #eef0f3; }
        @media (prefers-color-scheme: dark) {
          :root { --page: #0e1116; --card: #161b22; --text: #e6e9ee; --soft: #a2abb6; --line: #323a45; --accent: #8ab4ff;
            --ok: #7ee2a0; --ok-back: #10301d; --warn: #f3c969; --warn-back: #3a2b05; --bad: #ff9aa5; --bad-back: #44141b;
            --other: #c5b9ff; --other-back: #2a2350; --code: #222934; }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--text); overflow-wrap: anywhere;
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif; }
        header, main, footer { max-width: 80rem; margin: 0 auto; padding: 0 1.25rem; }
        header { padding-top: 1.5rem; }
        h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 0.75rem; }
        h2 { font-size: 1.15rem; margin: 1.75rem 0 0.5rem; }
        a { color: var(--accent); }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        .skip { position: absolute; left: -100rem; top: 0; padding: 0.5rem 1rem; background: var(--card); z-index: 1; }
        .skip:focus { left: 0; }
        .verdict { margin: 0; padding: 0.75rem 1rem; border-radius: 0.5rem; font-weight: 600;
          border-left: 0.4rem solid currentColor; }
        .verdict span { color: var(--text); font-weight: 400; }
        .facts { display: flex; flex-wrap: wrap; gap: 0.25rem 1.75rem; margin: 1rem 0 0; font-size: 0.9rem; }
        .facts div { min-width: 0; }
        .facts dt { display: inline; color: var(--soft); }
        .facts dt::after { content: ": "; }
        .facts dd { display: inline; margin: 0; }
        .ok, .healed { color: var(--ok); background: var(--ok-back); }
        .warning, .warnings { color: var(--warn); background: var(--warn-back); }
        .critical { color: var(--bad); background: var(--bad-back); }
        .blocked, .skipped, .unknown, .information { color: var(--other); background: var(--other-back); }
        .badge { display: inline-block; padding: 0.05rem 0.6rem; border-radius: 1rem; font-size: 0.85rem; font-weight: 600;
          white-space: nowrap; }
        .controls { display: flex; flex-wrap: wrap; gap: 0.75rem 1.5rem; align-items: start; margin: 0 0 0.75rem; }
        .controls[hidden] { display: none; }
        .controls label.search { display: grid; gap: 0.2rem; font-weight: 600; flex: 1 1 16rem; max-width: 28rem; }
        .controls input[type="search"] { font: inherit; padding: 0.4rem 0.6rem; border: 1px solid var(--soft);
          border-radius: 0.4rem; background: var(--card); color: var(--text); width: 100%; }
        fieldset { border: 0; margin: 0; padding: 0; min-width: 0; }
        legend { font-weight: 600; padding: 0; }
        fieldset label { display: inline-flex; gap: 0.35rem; align-items: center; margin: 0.2rem 0.9rem 0 0; }
        #shown { margin: 0 0 0.5rem; color: var(--soft); min-height: 1.5em; }
        .scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
        table { border-collapse: collapse; width: 100%; min-width: 44rem; }
        caption { text-align: left; padding: 0.75rem 1rem; color: var(--soft); }
        th, td { text-align: left; vertical-align: top; padding: 0.6rem 1rem; border-top: 1px solid var(--line); }
        thead th { font-size: 0.85rem; color: var(--soft); overflow-wrap: normal; }
        tbody th { font-weight: 600; width: 24%; }
        tbody th small { display: block; font-weight: 400; color: var(--soft); }
        td.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
        td p { margin: 0; }
        td ul { margin: 0; padding: 0; list-style: none; }
        td li + li { margin-top: 0.75rem; padding-top: 0.75rem; border-top: 1px dashed var(--line); }
        .about { margin: 0.25rem 0 0; display: grid; grid-template-columns: max-content 1fr; gap: 0 0.75rem; font-size: 0.9rem; }
        .about dt { color: var(--soft); }
        .about dd { margin: 0; min-width: 0; }
        code { font: 0.9em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; background: var(--code); border-radius: 0.25rem;
          padding: 0.05rem 0.3rem; }
        details { margin-top: 0.35rem; font-size: 0.9rem; }
        summary { cursor: pointer; color: var(--accent); }
        footer { padding-top: 1.25rem; padding-bottom: 2rem; color: var(--soft); font-size: 0.9rem; }
        @media (max-width: 46rem) {
          table { min-width: 0; }
          table, caption, thead, tbody, tr, th, td { display: block; width: auto; }
          thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
          tbody tr { border-top: 1px solid var(--line); padding: 0.5rem 0; }
          tbody tr[hidden] { display: none; }
          tbody th, tbody td, td.number { border-top: 0; padding: 0.2rem 1rem; width: auto; text-align: left; }
          td.number { color: var(--soft); font-size: 0.9rem; }
          .about { grid-template-columns: 1fr; }
          .about dd { margin-bottom: 0.3rem; }
        }
        @media print {
          :root { color-scheme: light; --page: #fff; --card: #fff; --text: #000; --soft: #333; --line: #999; --code: #fff; }
          .controls, #shown, .skip { display: none; }
          .scroll { overflow: visible; border: 0; }
          tr { break-inside: avoid; }
          .badge, .verdict { border: 1px solid currentColor; }
        }

        """

    /// Shows the controls and hides rows; without it, every row is there.
    static let script = """
        "use strict";
        (() => {
          const controls = document.getElementById("controls");
          const search = document.getElementById("search");
          const shown = document.getElementById("shown");
          const rows = Array.from(document.querySelectorAll("#checks tr[data-status]"), row => (
            { row, status: row.dataset.status, text: row.textContent.toLowerCase() }));
          const boxes = Array.from(controls.querySelectorAll("input[type=checkbox]"));
          const filter = () => {
            const wanted = new Set(boxes.filter(box => box.checked).map(box => box.value));
            const words = search.value.toLowerCase().split(/\\s+/).filter(word => word !== "");
            let count = 0;
            for (const item of rows) {
              const fits = wanted.has(item.status) && words.every(word => item.text.includes(word));
              item.row.hidden = !fits;
              if (fits) { count += 1; }
            }
            shown.textContent = `${count} of ${rows.length} checks shown`;
          };
          controls.addEventListener("input", filter);
          controls.addEventListener("submit", event => event.preventDefault());
          controls.hidden = false;
          filter();
        })();

        """
}

/// Texts as they stand in HTML, in content and in quoted attributes alike.
enum HTMLText {
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in SafeText.line(text).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
