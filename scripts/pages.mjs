// Looks at a catalog and a report in a headless browser: node scripts/pages.mjs MODULES SITE REPORT [PICTURES]
//
// MODULES is a folder with puppeteer-core and axe-core in its node_modules. Fails with a line for each console error, each
// dead link, each serious finding of axe-core, and if a filter does not filter. With PICTURES, saves them there.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [modules, site, report, pictures] = process.argv.slice(2);
const require = createRequire(resolve(modules, "node_modules/x.js"));
const puppeteer = require("puppeteer-core");
const axe = require.resolve("axe-core/axe.min.js");
const complaints = [];

const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--allow-file-access-from-files"],
});
const page = await browser.newPage();
page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
page.on("console", (said) => said.type() === "error" && complaints.push(`${page.url()}: ${said.text()}`));

const look = async (place) => {
  await page.goto(place.startsWith("file:") ? place : pathToFileURL(resolve(place)).href);
};

// The links of the page at hand to other files, without their fragments.
const files = () => page.$$eval("a[href]", (links) => links.map((a) => a.href.split("#")[0]).filter((to) => to.startsWith("file:")));

const checkLinks = async () => {
  for (const link of await files()) {
    if (!existsSync(fileURLToPath(link))) complaints.push(`${page.url()}: dead link ${link}`);
  }
};

const checkAccess = async (scheme) => {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  await page.addScriptTag({ path: axe });
  const found = await page.evaluate(() => axe.run());
  for (const { id, impact, nodes } of found.violations) {
    if (["serious", "critical"].includes(impact)) {
      complaints.push(`${page.url()} (${scheme}): ${id}: ${nodes[0].html.slice(0, 200)}`);
    }
  }
};

const checkFilter = async () => {
  await look(`${site}/index.html`);
  const rows = () => page.$$eval("tbody tr", (all) => [all.filter((row) => !row.hidden).length, all.length]);
  const [before, all] = await rows();
  if (before !== all || all === 0) complaints.push(`index: ${before} of ${all} rules are shown at first`);
  await page.type("input[type=search]", "no rule is called this");
  if ((await rows())[0] !== 0) complaints.push("index: the search does not filter");
  await page.$eval("input[type=search]", (input) => {
    input.value = "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await page.select("select[name=status]", "runs");
  const [running] = await rows();
  const stated = await page.$$eval("td.runs", (all) => all.length);
  if (running !== stated) complaints.push(`index: ${running} rules run by the filter, ${stated} by the table`);
};

const first = async (list) => {
  await look(`${site}/${list}`);
  return (await files()).find((link) => /\/(rules|techniques|events|indicators)\//.test(link));
};

await checkFilter();
const names = ["index.html", "matrix.html", "techniques.html", "events.html", "indicators.html"];
const places = [...names.map((name) => `${site}/${name}`), report];
for (const list of ["index.html", "techniques.html", "events.html"]) places.push(await first(list));
for (const width of [1200, 360]) {
  await page.setViewport({ width, height: 900 });
  for (const place of places) {
    await look(place);
    if (width === 360) {
      const wide = await page.evaluate(() => document.documentElement.scrollWidth);
      if (wide > width) complaints.push(`${place}: ${wide} pixels wide on a phone`);
      await checkLinks();
    } else {
      for (const scheme of ["light", "dark"]) await checkAccess(scheme);
    }
  }
}
if (pictures) {
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  await page.setViewport({ width: 1100, height: 1400 });
  for (const [name, place] of [["rule", await first("index.html")], ["matrix", `${site}/matrix.html`]]) {
    await look(place);
    await page.screenshot({ path: `${pictures}/catalog_${name}.png` });
  }
}
await browser.close();
complaints.forEach((complaint) => console.error(complaint));
console.log(`${places.length} pages, ${complaints.length} complaints`);
process.exit(complaints.length === 0 ? 0 : 1);
