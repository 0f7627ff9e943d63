// docs.mjs SERVER CHROMIUM FOLDER: the pages of a server's documentation, as their users see them. Leaves a picture of
// each in FOLDER.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { withServer } from './server.mjs';

const [, , program, executablePath, folder] = process.argv;
const args = [
  '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync',
];

await withServer(program, async (address) => {
  const browser = await chromium.launch({ executablePath, args, chromiumSandbox: false });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    const errors = [];
    const requests = [];
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('request', (request) => requests.push(request.url()));

    // ---- Swagger UI: a request from "Try it out" to the response's body ----
    await page.goto(address + '/docs');
    assert.equal(await page.title(), 'Shop </title><script>bad()</script> - Swagger UI');
    const tryOut = async (operation, fill) => {
      await operation.locator('.opblock-summary-control').click();
      await operation.locator('.try-out__btn').click();
      await fill?.(operation);
      await operation.locator('button.execute').click();
      const response = operation.locator('.live-responses-table tbody tr').first();
      const status = await response.locator('.response-col_status').first().innerText();
      return [status.trim(), await response.locator('.highlight-code').first().innerText()];
    };
    const post = page.locator('#operations-items-create_item_items_post');
    const [status, text] = await tryOut(post, (operation) =>
      operation.locator('textarea.body-param__text').fill('{"name": "Ruler", "price": 4}'));
    assert.equal(status, '201');
    assert.deepEqual(JSON.parse(text.replace(/^Download\n|\nDownload$/g, '')),
      { name: 'Ruler', price: 4, count: 1, size: null, tags: [] });
    await post.locator('.live-responses-table').scrollIntoViewIfNeeded();
    await page.screenshot({ path: `${folder}/docs.png` });
    const [sent, report] = await tryOut(page.locator('#operations-default-send_send_post'), (operation) =>
      operation.locator('input[type=file]').setInputFiles(
        { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('12345') }));
    assert.equal(sent, '200');
    assert.match(report, /"name": "a.txt",\s+"size": 5/);
    assert.match(await page.locator('.information-container').innerText(), /Sells things\./);

    // ---- of an application that is mounted, from its own page ----
    await page.goto(address + '/below/docs');
    const [below, hello] = await tryOut(page.locator('.opblock-get'));
    assert.equal(below, '200');
    assert.match(hello, /Hello from below/);

    // ---- ReDoc ----
    await page.goto(address + '/redoc');
    await page.getByRole('heading', { name: 'Create Item' }).waitFor();
    assert.match(await page.locator('[id="tag/items/operation/create_item_items_post"]').innerText(),
      /Puts an item on the shelf\./);
    await page.screenshot({ path: `${folder}/redoc.png` });

    // ---- the page that an authorization server sends the browser back to ----
    const redirect = await page.request.get(address + '/docs/oauth2-redirect');
    assert.match(await redirect.text(), /<script src="oauth2-redirect.js">/);
    assert.equal((await page.request.get(address + '/docs/oauth2-redirect.js')).status(), 200);

    // ---- assets are packed for those who unpack them, and sent once ----
    const asset = (headers) => fetch(address + '/docs/swagger-ui-bundle.js', { headers });
    const plain = await asset({ 'accept-encoding': 'identity' });
    const packed = await asset({ 'accept-encoding': 'br, gzip;q=0.8' });
    assert.equal(plain.headers.get('content-encoding'), null);
    assert.equal(packed.headers.get('content-encoding'), 'gzip');
    const content = await packed.text();
    assert.equal(await plain.text(), content);
    assert.ok(content.length > 1e6);
    assert.equal((await asset({ 'if-none-match': packed.headers.get('etag') })).status, 304);
    assert.match(await (await fetch(address + '/docs/licences.txt')).text(), /Apache License[^]*MIT License/);

    assert.deepEqual(errors, []);
    const own = (url) => url.startsWith(address + '/') || /^(data|blob):/.test(url);
    assert.deepEqual(requests.filter((url) => !own(url)), []);
    assert.ok(requests.length > 10);
  } finally {
    await browser.close();
  }
});
