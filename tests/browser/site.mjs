// site.mjs FOLDER CHROMIUM PICTURES: the site that docs/reference/build.sh has made, as its readers see it. No page is
// wider than a phone; tables and code that are scroll in their own box. What a page shows is there, in light and dark,
// and the search finds names. Leaves pictures of some pages in PICTURES.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [, , folder, executablePath, pictures] = process.argv;
const address = (name) => pathToFileURL(`${folder}/${name}`).href;
const browser = await chromium.launch({
  executablePath,
  args: ['--disable-gpu', '--no-first-run', '--disable-background-networking', '--allow-file-access-from-files'],
  chromiumSandbox: false,
});
const phone = { width: 390, height: 844 };
const shown = ['index', 'guide_choosing', 'benchmarks', 'classzigmund_1_1http_1_1Response', 'limit_8hpp', 'annotated'];

/** How bright a colour is, by WCAG 2.1: 0 to 1. */
function luminance(rgb) {
  const [r, g, b] = rgb.match(/[\d.]+/g).map((value) => {
    const c = value / 255;
    return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

try {
  // ---- no page is wider than a phone ----
  const names = readdirSync(folder).filter((name) => name.endsWith('.html'));
  const wide = [];
  const next = names[Symbol.iterator]();
  await Promise.all([1, 2, 3].map(async () => {
    // Without scripts: they show and hide, which is not looked at here.
    const context = await browser.newContext({ viewport: phone, javaScriptEnabled: false });
    const page = await context.newPage();
    for (const name of next) {
      await page.goto(address(name));
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      if (width > phone.width) wide.push(`${name}: ${width}`);
    }
  }));
  assert.deepEqual(wide, []);
  assert.ok(names.length > 500);

  // ---- text can be read and pictures are there, in light and dark, at both widths ----
  for (const colorScheme of ['light', 'dark']) {
    for (const viewport of [phone, { width: 1280, height: 1000 }]) {
      const page = await (await browser.newContext({ viewport, colorScheme })).newPage();
      const errors = [];
      page.on('pageerror', (error) => errors.push(error.message));
      page.on('requestfailed', (request) => errors.push(request.url()));
      for (const name of shown) {
        await page.goto(address(`${name}.html`));
        const seen = await page.evaluate(() => {
          const style = (selector, of) => {
            const element = document.querySelector(selector);
            return element && getComputedStyle(element)[of];
          };
          return {
            page: style('body', 'backgroundColor'),
            text: ['body', '.contents a', '.comment', '.stringliteral', '.keyword']
              .map((selector) => style(selector, 'color')).filter(Boolean),
            missing: [...document.images].filter((image) => !image.naturalWidth && image.offsetParent)
              .map((image) => image.src),
          };
        });
        assert.deepEqual(seen.missing, [], name);
        assert.equal(luminance(seen.page) > 0.5, colorScheme === 'light', name);
        for (const color of seen.text) {
          const [dark, light] = [luminance(seen.page), luminance(color)].sort((a, b) => a - b);
          assert.ok((light + 0.05) / (dark + 0.05) >= 4.5, `${name}, ${colorScheme}: ${color} on ${seen.page}`);
        }
        await page.screenshot({ path: `${pictures}/${name}-${viewport.width}-${colorScheme}.png` });
      }
      assert.deepEqual(errors, []);
    }
  }

  // ---- the search finds a name, and leads to it ----
  const page = await (await browser.newContext({ viewport: phone })).newPage();
  await page.goto(address('index.html'));
  await page.locator('#MSearchField').click();
  await page.locator('#MSearchField').pressSequentially('bytes_left');
  const results = page.frameLocator('#MSearchResults');
  await results.locator('a.SRSymbol:visible', { hasText: 'bytes_left' }).waitFor();
  const field = await page.locator('#MSearchField').boundingBox();
  const window = await page.locator('#MSearchResultsWindow').boundingBox();
  assert.ok(window.y >= field.y + field.height && window.x >= 0 && window.x + window.width <= phone.width);
} finally {
  await browser.close();
}
