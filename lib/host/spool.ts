import type { Message } from './message.ts'
import { SpoolFolder } from './spool-folder.ts'

export interface SpoolLimits {
  /** What the messages may take together, counted as disks do, in blocks of 4 KiB. */
  readonly mostBytes: number
  readonly mostMessages: number
}

/** A message that waits: in a file, or where that could not be written, in memory. */
interface Waiting {
  readonly kind: Message['kind']
  readonly at: number
  /** Of a file that an earlier run left, the least it can be until it has been measured. */
  size: number
  isGone?: boolean
  readonly place: { readonly file: string } | { readonly body: string }
}

export interface Spooled extends Message {
  /** To be called once the message has arrived. */
  done(): Promise<void>
}

const MIB = 1024 * 1024
const BLOCK = 4096
/** An hour and more of an attack that is reported each second; a week and more of heartbeats. */
const LIMITS: SpoolLimits = { mostBytes: 32 * MIB, mostMessages: 8_192 }

/**
 * Messages that could not be sent yet, bounded, in a directory so that a restart finds them. When it is full the
 * oldest report makes room, and a proof only where no report is left: proofs protect people. Before `open`, and
 * wherever a file cannot be written, the same bound holds in memory. Never throws. One user at a time; what it finds at
 * `open` it measures meanwhile, and until then the bound holds by count, and by size for what is new.
 */
export class Spool {
  /** What was thrown away for lack of room, since the start. */
  readonly dropped = { report: 0, proofs: 0 }
  /** How many messages it has taken in, since the start. */
  taken = 0
  readonly #limits: SpoolLimits
  readonly #tell: (line: string) => void
  readonly #waiting: Record<Message['kind'], Waiting[]> = { report: [], proofs: [] }
  #folder: SpoolFolder | undefined
  #path = ''
  #bytes = 0
  #toldOfMemory = false
  #toldOfDamage = false
  #isClosed = false
  #measured: Promise<void> = Promise.resolve()

  /** @param tell takes a line for people: at most one for each kind of trouble */
  constructor(tell: (line: string) => void, limits: SpoolLimits = LIMITS) {
    this.#tell = tell
    this.#limits = limits
  }

  /** How many messages wait. */
  get size(): number {
    return this.#waiting.report.length + this.#waiting.proofs.length
  }

  /** How many of them would not survive the end of the process. */
  get inMemory(): number {
    return [...this.#waiting.report, ...this.#waiting.proofs].filter(({ place }) => 'body' in place).length
  }

  /** Settles once what was found at `open` has been measured, and room has been made. */
  get measured(): Promise<void> {
    return this.#measured
  }

  /**
   * Keeps messages in the directory from now on, and takes up those that an earlier run left there. It waits for the list
   * of them alone, so that ten thousand hold nobody up.
   */
  async open(path: string): Promise<void> {
    const folder = new SpoolFolder(path)
    this.#path = path
    try {
      const found = (await folder.open()).map(
        ({ name, kind, at }): Waiting => ({ kind, at, size: BLOCK, place: { file: name } }),
      )
      for (const waiting of found) this.#add(waiting)
      this.#folder = folder
      this.#measured = this.#measure(folder, found, this.#takeSurplus(0))
    } catch (error) {
      this.#tellOfMemory(error)
    }
  }

  /** Measures no further; what lies in the directory stays. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#measured
  }

  async put(message: Message): Promise<void> {
    const { kind, at } = message
    const size = onDisk(Buffer.byteLength(message.body))
    const isLast = kind === 'report' && this.#waiting.report.length === 0
    if (size > this.#limits.mostBytes || (isLast && !this.#fits(size))) {
      this.dropped[kind]++
      return
    }
    await this.#erase(this.#takeSurplus(size))
    this.#add({ kind, at, size, place: await this.#place(message) })
    this.taken++
  }

  /** The next to be sent: proofs, then the oldest report. It stays until it is done. */
  async next(): Promise<Spooled | undefined> {
    for (;;) {
      const waiting = this.#waiting.proofs[0] ?? this.#waiting.report[0]
      if (waiting === undefined) return undefined
      const body = await this.#bodyOf(waiting)
      if (body !== undefined)
        return { kind: waiting.kind, at: waiting.at, body, done: () => this.#remove(waiting) }
      this.#forget(waiting)
    }
  }

  #add(waiting: Waiting): void {
    this.#waiting[waiting.kind].push(waiting)
    this.#bytes += waiting.size
  }

  #fits(size: number): boolean {
    return this.#bytes + size <= this.#limits.mostBytes && this.size < this.#limits.mostMessages
  }

  /** Forgets what must go so that a message of this size fits in, the oldest first. */
  #takeSurplus(size: number): Waiting[] {
    const { mostBytes, mostMessages } = this.#limits
    const messages = size > 0 ? 1 : 0
    const surplus: Waiting[] = []
    while (this.#bytes + size > mostBytes || this.size + messages > mostMessages) {
      const oldest = this.#waiting.report[0] ?? this.#waiting.proofs[0]
      if (oldest === undefined) return surplus
      this.dropped[oldest.kind]++
      this.#forget(oldest)
      surplus.push(oldest)
    }
    return surplus
  }

  async #erase(surplus: readonly Waiting[]): Promise<void> {
    for (const waiting of surplus) await this.#remove(waiting)
  }

  async #measure(folder: SpoolFolder, found: readonly Waiting[], surplus: readonly Waiting[]): Promise<void> {
    for (const waiting of surplus) {
      if (this.#isClosed) return
      await this.#remove(waiting)
    }
    await folder.tidy(() => this.#isClosed)
    for (const waiting of found) {
      if (this.#isClosed) return
      if (waiting.isGone === true || !('file' in waiting.place)) continue
      const size = await folder.sizeOf(waiting.place.file)
      if (size === undefined) this.#forget(waiting)
      else this.#resize(waiting, onDisk(size))
    }
    await this.#erase(this.#takeSurplus(0))
  }

  #resize(waiting: Waiting, size: number): void {
    if (waiting.isGone === true) return
    this.#bytes += size - waiting.size
    waiting.size = size
  }

  async #place(message: Message): Promise<Waiting['place']> {
    try {
      if (this.#folder !== undefined) return { file: await this.#folder.write(message) }
    } catch (error) {
      this.#tellOfMemory(error)
    }
    return { body: message.body }
  }

  async #bodyOf({ kind, place }: Waiting): Promise<string | undefined> {
    if ('body' in place) return place.body
    const name = place.file
    const reading = (await this.#folder?.read({ name, kind })) ?? { kind: 'gone' }
    if (reading.kind === 'message') return reading.body
    if (reading.kind === 'damaged') {
      await this.#folder?.setAside(name)
      if (!this.#toldOfDamage)
        this.#tell(`Cannot read "${name}" in the spool: ${reading.why}; such files are set aside`)
      this.#toldOfDamage = true
    }
    return undefined
  }

  #forget(waiting: Waiting): void {
    if (waiting.isGone === true) return
    const list = this.#waiting[waiting.kind]
    list.splice(list.indexOf(waiting), 1)
    this.#bytes -= waiting.size
    waiting.isGone = true
  }

  async #remove(waiting: Waiting): Promise<void> {
    this.#forget(waiting)
    if ('file' in waiting.place) await this.#folder?.remove(waiting.place.file)
  }

  #tellOfMemory(error: unknown): void {
    if (this.#toldOfMemory) return
    this.#toldOfMemory = true
    const most = Math.round(this.#limits.mostBytes / MIB)
    const why = error instanceof Error ? error.message : String(error)
    this.#tell(
      `Cannot keep reports in "${this.#path}": ${why}; up to ${most} MiB are kept in memory, until the sidecar ends`,
    )
  }
}

function onDisk(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BLOCK)) * BLOCK
}
