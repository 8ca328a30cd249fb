/**
 * Mutated messages, frames and capture files against everything that reads bytes from the wire.
 *
 *     npm run prove -- parsers [count] [seed]         one million items and seed 1 unless told
 *     npm run prove -- parsers [count] [seed] [item]  runs up to that item alone, from the start of its chunk
 *
 * Exits 1, and says which seed and item, when something is thrown that is not promised or an item does not end.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { CHUNK, Items, noTallies, type Tallies } from './mutation-items.ts'

const HANGS_AFTER_SECONDS = 20
/** A worker of Node 20 does not take over tsx from its parent. */
const ENTRY = `import(${JSON.stringify(import.meta.resolve('tsx/esm/api'))})
  .then(({ register }) => { register(); return import(${JSON.stringify(import.meta.url)}) })`

interface Run {
  readonly seed: number
  readonly from: number
  readonly to: number
  /** Holds the number of the item that is running, so that the watching thread sees where the other one hangs. */
  readonly running: Int32Array
}

type News =
  | { readonly kind: 'done'; readonly tallies: Tallies }
  | { readonly kind: 'failed'; readonly item: number; readonly error: string }

async function work({ seed, from, to, running }: Run): Promise<News> {
  const tallies = noTallies()
  const items = new Items(seed, tallies)
  for (let item = from; item < to; item++) {
    Atomics.store(running, 0, item)
    try {
      await items.run(item)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      return { kind: 'failed', item, error: text }
    }
  }
  return { kind: 'done', tallies }
}

function watch(run: Run): void {
  const { seed, from, to, running } = run
  const started = performance.now()
  const seconds = () => (performance.now() - started) / 1000
  const worker = new Worker(ENTRY, { eval: true, workerData: run })
  let last = { item: -1, at: 0, tenth: 0 }

  const timer = setInterval(() => {
    const item = Atomics.load(running, 0)
    if (item === last.item && seconds() - last.at > HANGS_AFTER_SECONDS) {
      fail(seed, to, item, `did not end within ${HANGS_AFTER_SECONDS} s`)
    }
    const tenth = Math.floor(((item - from) / (to - from)) * 10)
    if (tenth > last.tenth) console.log(`${count(item)} of ${count(to)}, ${rate(item - from, seconds())}`)
    if (item !== last.item) last = { item, at: seconds(), tenth }
  }, 250)

  worker.on('message', (news: News) => {
    clearInterval(timer)
    if (news.kind === 'failed') fail(seed, to, news.item, news.error)
    else console.log(closing(news.tallies, seed, seconds()))
  })
  worker.on('error', (error) => fail(seed, to, Atomics.load(running, 0), String(error)))
}

function closing(tallies: Tallies, seed: number, seconds: number): string {
  const { messages, bytes, sip, packets, captures, refused } = tallies
  return [
    `${count(messages)} messages (${count(Math.round(bytes / 1e6))} MB, ${count(sip)} of them still SIP, ` +
      `${count(packets)} frames still packets)`,
    `${count(captures)} capture files (${count(refused)} refused with a reason)`,
    `Nothing was thrown, nothing hung: ${count(messages + captures)} mutations in ${seconds.toFixed(1)} s, ` +
      `${rate(messages + captures, seconds)}, seed ${seed}`,
  ].join('\n')
}

function fail(seed: number, to: number, item: number, reason: string): never {
  console.error(
    `Item ${item} of seed ${seed}: ${reason}\nReproduce it with: npm run prove -- parsers ${to} ${seed} ${item}`,
  )
  process.exit(1)
}

function count(value: number): string {
  return value.toLocaleString('en')
}

function rate(items: number, seconds: number): string {
  return `${count(Math.round(items / seconds))} a second`
}

function argument(index: number, otherwise: number): number {
  const text = process.argv[index]
  const value = text === undefined ? otherwise : Number(text)
  if (Number.isSafeInteger(value) && value >= 0 && value < 2 ** 31) return value
  console.error(
    `Cannot run "${text}": expected npm run prove -- parsers [count] [seed] [item], all of them whole numbers`,
  )
  process.exit(2)
}

if (isMainThread) {
  const total = argument(2, 1_000_000)
  const seed = argument(3, 1)
  const item = argument(4, 0)
  const single = process.argv[4] !== undefined
  watch({
    seed,
    from: single ? item - (item % CHUNK) : 0,
    to: single ? item + 1 : total,
    running: new Int32Array(new SharedArrayBuffer(4)),
  })
} else parentPort?.postMessage(await work(workerData as Run))
