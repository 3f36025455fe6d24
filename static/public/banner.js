// The live alerts of the town's notice service, on the town's own site. One line there:
//   <script src="https://…/static/public/banner.js" async></script>
// It reads nothing of that page, keeps nothing, and writes text only: no markup comes from outside.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script) return;
  var site = new URL(script.src).origin;
  var language = (document.documentElement.lang || "it").slice(0, 2) === "en" ? "/en" : "";
  fetch(site + language + "/banner.json", { credentials: "omit", referrerPolicy: "no-referrer" })
    .then(function (answer) { return answer.ok ? answer.json() : null; })
    .then(function (found) { if (found && found.notices.length) show(found); })
    .catch(function () { /* the page does without */ });

  function show(found) {
    var host = document.createElement("aside");
    host.setAttribute("aria-label", found.service);
    var root = host.attachShadow({ mode: "open" });
    var urgent = found.notices.some(function (one) { return one.emergency; });
    var sheet = new CSSStyleSheet();
    sheet.replaceSync(
      ":host{display:block;font:600 16px/1.5 'Titillium Web',Arial,sans-serif;color:#fff}" +
      "ul{list-style:none;margin:0;padding:10px 20px;background:" + colour(found.colour, urgent) + "}" +
      "a{color:#fff;text-underline-offset:.2em}a:focus-visible{outline:3px solid #ff9900;outline-offset:2px}"
    );
    root.adoptedStyleSheets = [sheet];
    var list = document.createElement("ul");
    found.notices.forEach(function (one) {
      var address = new URL(one.address, site);
      if (address.origin !== site) return; // only our own pages
      var item = document.createElement("li");
      var link = document.createElement("a");
      link.href = address.href;
      link.textContent = one.title;
      item.append(link);
      list.append(item);
    });
    root.append(list);
    document.body.prepend(host);
  }

  function colour(own, urgent) {
    return urgent || !/^#[0-9a-f]{6}$/i.test(own) ? "#a3001f" : own;
  }
})();
