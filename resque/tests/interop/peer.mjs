// node-resque as the foreign party, driven by the test over lines of JSON: one request a line on
// standard input, one answer or event a line on standard output. Nothing here waits by the clock;
// the test waits for the lines it needs.

import { createInterface } from "node:readline";
import { Queue, Scheduler, Worker } from "node-resque";

const [host, port, namespace] = process.argv.slice(2);
const connection = { pkg: "ioredis", host, port: Number(port), namespace, options: {} };

const tell = (line) => process.stdout.write(JSON.stringify(line) + "\n");

// Jobs that a Rust program enqueues for us.
const jobs = {
  NodeEcho: { perform: async (...args) => args },
  NodeFail: {
    perform: async (text) => {
      throw new Error(text);
    },
  },
  // Runs until the test lets it go.
  NodeHold: { perform: () => new Promise((resolve) => (releaseHeld = resolve)) },
};
let releaseHeld = () => {};

const queue = new Queue({ connection }, jobs);
await queue.connect();
queue.on("error", (error) => tell({ event: "error", error: String(error) }));
let worker;
let scheduler;

const operations = {
  enqueue: ({ to, name, args }) => queue.enqueue(to, name, args),
  enqueueMany: async ({ to, name, from, count }) => {
    for (let n = from; n < from + count; n++) await queue.enqueue(to, name, [n]);
    return count;
  },
  enqueueAt: ({ at, to, name, args }) => queue.enqueueAt(at, to, name, args),
  length: ({ of }) => queue.length(of),
  queued: ({ of }) => queue.queued(of, 0, -1),
  queues: () => queue.queues(),
  workers: () => queue.workers(),
  workingOn: () => queue.allWorkingOn(),
  cleanOld: ({ age }) => queue.cleanOldWorkers(age),
  failed: () => queue.failed(0, -1),
  retryFailed: async ({ index }) => queue.retryAndRemoveFailed((await queue.failed(index, index))[0]),
  timestamps: () => queue.timestamps(),
  delayedAt: ({ at }) => queue.delayedAt(at),
  release: () => releaseHeld(),
  startWorker: async ({ queues }) => {
    worker = new Worker({ connection, queues, timeout: 20, name: "nodehost:" + process.pid }, jobs);
    worker.on("job", (of, job) => tell({ event: "started", of, job }));
    worker.on("success", (of, job, result) => tell({ event: "performed", of, job, result }));
    worker.on("failure", (of, job, error) => tell({ event: "failed", of, job, error: error.message }));
    worker.on("error", (error) => tell({ event: "error", error: String(error) }));
    await worker.connect();
    await worker.start();
    return worker.name;
  },
  stopWorker: async () => worker.end(),
  startScheduler: async () => {
    scheduler = new Scheduler({ connection, timeout: 50 }, jobs);
    scheduler.on("transferredJob", (at, job) => tell({ event: "transferred", at, job }));
    await scheduler.connect();
    await scheduler.start();
  },
  stopScheduler: async () => scheduler.end(),
};

tell({ event: "ready" });
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, ...parameters } = JSON.parse(line);
  try {
    tell({ answer: (await operations[operation](parameters)) ?? null });
  } catch (error) {
    tell({ refused: String(error) });
  }
}
await queue.end();
process.exit(0);
