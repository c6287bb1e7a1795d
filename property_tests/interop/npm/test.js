// The npm package etcd3 over the services KV and Watch: what its users write, and what they get back.
//
// ENDPOINT is the server, as http://host:port. Leases, locks and elections come with their services.
'use strict';

const assert = require('node:assert/strict');
const { after, test } = require('node:test');
const { Etcd3, Range, GRPCInvalidArgumentError, GRPCOutOfRangeError } = require('etcd3');

const client = new Etcd3({ hosts: process.env.ENDPOINT });
after(() => client.close());

const revision = async () => Number((await client.get('no such key').exec()).header.revision);

test('put, get, delete', async () => {
  assert.equal(await client.get('greeting'), null);
  assert.equal(await client.get('greeting').exists(), false);
  await client.put('greeting').value('hello');
  assert.equal(await client.get('greeting'), 'hello');
  assert.equal(await client.get('greeting').exists(), true);
  const previous = await client.put('greeting').value('bye').getPrevious();
  assert.equal(previous.value.toString(), 'hello');
  const [deleted] = await client.delete().key('greeting').getPrevious();
  assert.equal(deleted.value.toString(), 'bye');
  assert.equal((await client.delete().key('greeting')).deleted, '0');
});

test('values of every kind', async () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await client.put('kind/bytes').value(bytes);
  assert.deepEqual(await client.get('kind/bytes').buffer(), bytes);
  await client.put('kind/number').value(42);
  assert.equal(await client.get('kind/number').number(), 42);
  await client.put('kind/json').value(JSON.stringify({ a: [1, 2] }));
  assert.deepEqual(await client.get('kind/json').json(), { a: [1, 2] });
  await client.put('kind/empty').value('');
  assert.equal(await client.get('kind/empty').string(), '');
  await client.put(Buffer.from([0, 255, 254])).value('odd key');
  assert.equal(await client.get(Buffer.from([0, 255, 254])), 'odd key');
  await client.delete().key(Buffer.from([0, 255, 254]));
});

test('touching a key keeps its value', async () => {
  await client.put('touch').value('kept');
  await client.put('touch').touch();
  const [kv] = (await client.get('touch').exec()).kvs;
  assert.deepEqual([kv.value.toString(), kv.version], ['kept', '2']);
  await assert.rejects(client.put('no such key').touch(), GRPCInvalidArgumentError);
});

test('getAll by prefix and by range', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await client.put(`all/${name}`).value(name.toUpperCase());
  const all = () => client.getAll().prefix('all/');
  assert.deepEqual(await all(), { 'all/a': 'A', 'all/b': 'B', 'all/c': 'C', 'all/d': 'D' });
  assert.deepEqual(await all().keys(), ['all/a', 'all/b', 'all/c', 'all/d']);
  assert.equal(await all().count(), 4);
  assert.deepEqual(Object.keys(await all().buffers()), ['all/a', 'all/b', 'all/c', 'all/d']);
  assert.deepEqual(await client.getAll().inRange(new Range('all/b', 'all/d')).keys(), ['all/b', 'all/c']);
  assert.deepEqual(await client.getAll().inRange({ start: 'all/c' , end: 'all/z' }).keys(), ['all/c', 'all/d']);
  assert.ok((await client.getAll().all().keys()).includes('all/a'));
  assert.deepEqual(await client.namespace('all/').getAll(), { a: 'A', b: 'B', c: 'C', d: 'D' });
});

test('limits and every order', async () => {
  for (const [name, value] of [['b', '1'], ['c', 'y'], ['a', '2'], ['b', '3'], ['a', 'x'], ['b', 'z']]) await client.put(`sort/${name}`).value(value);
  const expected = { Key: 'abc', Create: 'bca', Mod: 'cab', Version: 'cab', Value: 'acb' };
  for (const [target, ascending] of Object.entries(expected)) {
    for (const order of ['Ascend', 'Descend']) {
      const letters = order === 'Ascend' ? [...ascending] : [...ascending].reverse();
      const found = await client.getAll().prefix('sort/').sort(target, order).keys();
      assert.deepEqual(found.map((key) => key.slice(-1)), letters, `${target} ${order}`);
      const page = await client.getAll().prefix('sort/').sort(target, order).limit(2).exec();
      assert.deepEqual(page.kvs.map((kv) => kv.key.toString().slice(-1)), letters.slice(0, 2));
      assert.deepEqual([page.more, page.count], [true, '3']);
    }
  }
});

test('reads of the past, and by revision', async () => {
  const first = Number((await client.put('past').value('one')).header.revision);
  const second = Number((await client.put('past').value('two')).header.revision);
  assert.equal(second, first + 1);
  assert.equal(await client.get('past').revision(first), 'one');
  assert.equal(await client.get('past').revision(second), 'two');
  assert.equal(await client.get('past').serializable(true), 'two');
  assert.equal(await client.get('past').minModRevision(second + 1), null);
  assert.deepEqual(await client.getAll().prefix('past').minCreateRevision(first).maxModRevision(second), { past: 'two' });
  await assert.rejects(client.get('past').revision(second + 1000), GRPCOutOfRangeError);
});

test('transactions', async () => {
  await client.put('txn/a').value('one');
  const before = await revision();
  const move = () =>
    client
      .if('txn/a', 'Value', '==', 'one')
      .and('txn/b', 'Create', '==', 0)
      .then(client.put('txn/a').value('two'), client.put('txn/b').value('new'), client.get('txn/a'), client.delete().key('txn/none'))
      .else(client.get('txn/a'))
      .commit();
  const done = await move();
  assert.equal(done.succeeded, true);
  assert.equal(Number(done.header.revision), before + 1);
  assert.deepEqual(done.responses.map((each) => each.response), ['response_put', 'response_put', 'response_range', 'response_delete_range']);
  assert.equal(done.responses[2].response_range.kvs[0].value.toString(), 'two');
  const again = await move();
  assert.equal(again.succeeded, false);
  assert.equal(again.responses[0].response_range.kvs[0].value.toString(), 'two');
  assert.equal(await revision(), before + 1);
});

test('every column and operator of a condition', async () => {
  await client.put('if').value('m');
  const [kv] = (await client.get('if').exec()).kvs;
  const cases = [
    ['Value', '==', 'm', true], ['Value', '!=', 'm', false], ['Value', '>', 'a', true], ['Value', '<', 'a', false],
    ['Version', '==', 1, true], ['Version', '>', 1, false],
    ['Create', '==', Number(kv.create_revision), true], ['Create', '<', Number(kv.create_revision), false],
    ['Mod', '==', Number(kv.mod_revision), true], ['Mod', '>', 0, true],
    ['Lease', '==', 0, true],
  ];
  for (const [column, operator, value, holds] of cases) {
    const answer = await client.if('if', column, operator, value).then().else().commit();
    assert.equal(answer.succeeded, holds, `${column} ${operator} ${value}`);
  }
});

test('software transactional memory', async () => {
  await client.put('stm').value('1');
  const add = () => client.stm().transact(async (tx) => tx.put('stm').value(Number(await tx.get('stm')) + 1));
  await add();
  await add();
  assert.equal(await client.get('stm').number(), 3);
  // Two at once meet on one key: one of them has to try again.
  await Promise.all([add(), add()]);
  assert.equal(await client.get('stm').number(), 5);
});

test('deletes by prefix and range', async () => {
  for (const name of ['a', 'b', 'c', 'd']) await client.put(`gone/${name}`).value('x');
  assert.equal((await client.delete().range(new Range('gone/b', 'gone/d'))).deleted, '2');
  assert.deepEqual(await client.getAll().prefix('gone/').keys(), ['gone/a', 'gone/d']);
  assert.equal((await client.delete().prefix('gone/')).deleted, '2');
  assert.equal(await client.getAll().prefix('gone/').count(), 0);
});

test('many at once', async () => {
  await Promise.all(Array.from({ length: 200 }, (_, i) => client.put(`many/${i}`).value(i)));
  const numbers = await client.getAll().prefix('many/').numbers();
  assert.deepEqual(Object.values(numbers).sort((a, b) => a - b), Array.from({ length: 200 }, (_, i) => i));
});

test('refusals', async () => {
  await assert.rejects(client.put('').value('x'), { message: /etcdserver: key is not provided/ });
  await assert.rejects(client.if('a', 'Version', '==', 0).then(client.put('a').value(1), client.put('a').value(2)).else().commit(), {
    message: /etcdserver: duplicate key given in txn request/,
  });
});

test('compaction', async () => {
  for (const physical of [false, true]) {
    const old = Number((await client.put('compact').value('one')).header.revision);
    const now = Number((await client.put('compact').value('two')).header.revision);
    await client.kv.compact({ revision: now, physical });
    await assert.rejects(client.get('compact').revision(old), { message: /required revision has been compacted/ });
    assert.equal(await client.get('compact').revision(now), 'two');
    await assert.rejects(client.kv.compact({ revision: now, physical }), GRPCOutOfRangeError);
  }
});

// The next `count` events of a watcher, as text.
const events = (watcher, count) => new Promise((resolve) => {
  const told = [];
  const add = (text) => {
    told.push(text);
    if (told.length === count) resolve(told);
  };
  watcher.on('put', (kv) => add(`put ${kv.key} ${kv.value}`));
  watcher.on('delete', (kv) => add(`delete ${kv.key}`));
});

test('a watcher of a prefix is told of what happens', async () => {
  const watcher = await client.watch().prefix('watch/').create();
  const told = events(watcher, 3);
  await client.put('watch/a').value('1');
  await client.put('elsewhere').value('2');
  await client.put('watch/b').value('3');
  await client.delete().key('watch/a');
  assert.deepEqual(await told, ['put watch/a 1', 'put watch/b 3', 'delete watch/a']);
  await watcher.cancel();
});

test('a watcher may begin in the past, and leave out what it does not want', async () => {
  const before = await revision();
  await client.put('past').value('1');
  await client.put('past').value('2');
  await client.delete().key('past');
  const watcher = await client.watch().key('past').startRevision(String(before + 1)).ignore('delete').withPreviousKV().create();
  const told = new Promise((resolve) => {
    const values = [];
    watcher.on('put', (kv, previous) => {
      values.push([kv.value.toString(), previous ? previous.value.toString() : null]);
      if (values.length === 3) resolve(values);
    });
  });
  await client.put('past').value('3');
  assert.deepEqual(await told, [['1', null], ['2', '1'], ['3', null]]);
  await watcher.cancel();
});
