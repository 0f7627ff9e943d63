// openapi.mjs SERVER: the document of a server is valid by the official schema of OpenAPI 3.1, each schema in it
// by that of JSON Schema, and it says of bodies what the server says.
import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import Ajv2020 from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { withServer } from './server.mjs';

// What the server takes and what it refuses, of every kind of constraint.
const item = { name: 'Pen', price: 2.5 };
const circle = { kind: 'circle', radius: 1 };
const bodies = {
  '/items': [
    item,
    { ...item, count: 255, size: 'large', tags: ['a'] },
    { ...item, size: null },
    { ...item, name: '' },
    { ...item, name: 'pen' },
    { ...item, name: 'P'.repeat(21) },
    { ...item, price: 0 },
    { ...item, price: 'x' },
    { ...item, count: 0 },
    { ...item, count: 256 },
    { ...item, size: 'huge' },
    { ...item, tags: [1] },
    { ...item, extra: 1 },
    { name: 'Pen' },
    [],
  ],
  '/drawings': [
    { shape: circle },
    { shape: { kind: 'square', side: 2 }, marks: { a: 1 }, layers: [{ shape: circle }], anything: [1, 'x'] },
    { shape: circle, made: '2026-11-30T10:00:00Z' },
    { shape: circle, made: 'yesterday' },
    { shape: { kind: 'square', radius: 1 } },
    { shape: { kind: 'triangle' } },
    { shape: circle, marks: { a: 'x' } },
    { shape: circle, layers: [{}] },
  ],
};

/** Calls visit with each schema of a document. */
function forEachSchema(node, visit) {
  if (node === null || typeof node !== 'object') return;
  for (const [name, value] of Object.entries(node)) {
    if (name === 'schema') visit(value);
    else if (name === 'schemas') Object.values(value).forEach(visit);
    else forEachSchema(value, visit);
  }
}

async function check(document) {
  const result = await new Validator().validate(structuredClone(document));
  assert.ok(result.valid, JSON.stringify(result.errors));

  const ajv = new Ajv2020({ strict: false });
  addFormats.default(ajv);
  let schemas = 0;
  forEachSchema(document, (schema) => {
    ++schemas;
    assert.ok(ajv.validateSchema(schema), JSON.stringify([schema, ajv.errors]));
  });
  assert.ok(schemas > 0);
  return ajv.addSchema(document, 'document');
}

await withServer(process.argv[2], async (address) => {
  const fetchJson = async (path) => (await fetch(address + path)).json();
  await check(await fetchJson('/below/openapi.json'));
  const document = await fetchJson('/openapi.json');
  const ajv = await check(document);

  // A checker that cannot fail is none.
  const broken = structuredClone(document);
  broken.paths['/items'].post.parameters = [{ name: 'x', in: 'nowhere' }];
  await assert.rejects(check(broken));

  for (const [path, all] of Object.entries(bodies)) {
    const { $ref } = document.paths[path].post.requestBody.content['application/json'].schema;
    const accepts = ajv.compile({ $ref: 'document' + $ref });
    for (const body of all) {
      const text = JSON.stringify(body);
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(address + path, { method: 'POST', headers, body: text });
      assert.equal(response.ok, accepts(body), `${path} ${text}: ${response.status} ${await response.text()}`);
    }
  }
});
