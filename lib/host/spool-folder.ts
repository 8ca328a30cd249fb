import { randomUUID } from 'node:crypto'
import { chmod, lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Message } from './message.ts'

/** A file of the spool, as its name tells it. */
export interface SpoolFile {
  readonly name: string
  readonly kind: Message['kind']
  readonly at: number
}

/** What a file holds; `gone` where somebody removed it or it is none of ours, `damaged` where it is no message of its kind. */
export type Reading =
  | { readonly kind: 'message'; readonly body: string }
  | { readonly kind: 'gone' }
  | { readonly kind: 'damaged'; readonly why: string }

const NAME = /^(\d{15})-[0-9a-f-]{36}\.(report|proofs)\.json$/
const PART = '.part'
const DAMAGED = '.damaged'
/** SQS takes no more in one message, so what is larger is none of ours. */
const LARGEST_FILE = 1024 * 1024
/** Enough to see what is wrong with them. */
const MOST_DAMAGED = 16

/**
 * A directory of messages, one file each. A file is written whole under a temporary name, flushed, then renamed, so
 * what has its final name survives a crash. Names sort by the report's time. Of files that were set aside as damaged the
 * newest 16 stay. Whatever else is in there is left alone.
 */
export class SpoolFolder {
  readonly #path: string
  /** Names of damaged files, the oldest first. */
  #damaged: string[] = []
  /** Names of files that a crash has cut short. */
  #parts: string[] = []

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Makes the directory, for its owner only, and lists the messages in it by their names, oldest first. Throws where it
   * cannot be used, or belongs to somebody else: what lies in it is sent in this host's name. Takes milliseconds even for
   * ten thousand files, for none of them is touched.
   */
  async open(): Promise<SpoolFile[]> {
    await makeDirectory(this.#path)
    const found = await lstat(this.#path)
    if (!found.isDirectory()) throw new Error('it is no directory')
    if (found.uid !== process.geteuid?.()) throw new Error(`it belongs to user ${found.uid}`)
    await chmod(this.#path, 0o700)
    const entries = await readdir(this.#path, { withFileTypes: true })
    const names = entries.filter((entry) => entry.isFile()).map(({ name }) => name)
    names.sort()
    this.#damaged = names.filter((name) => isOurs(name, DAMAGED))
    this.#parts = names.filter((name) => isOurs(name, PART))
    return names.flatMap(fileOf)
  }

  /** Removes what earlier runs left and nobody wants: files cut short, and damaged ones but for the newest. */
  async tidy(isOver: () => boolean): Promise<void> {
    for (const name of this.#parts.splice(0)) await this.remove(name)
    while (!isOver() && (await this.#removeDamaged()));
  }

  /** What the file takes; undefined where it is gone, or larger than any of ours. */
  async sizeOf(name: string): Promise<number | undefined> {
    const found = await stat(join(this.#path, name)).catch(() => undefined)
    return found === undefined || found.size > LARGEST_FILE ? undefined : found.size
  }

  /** Returns the name of the new file. Throws where it cannot be written, and then leaves none. */
  async write({ kind, at, body }: Message): Promise<string> {
    const name = `${String(at).padStart(15, '0')}-${randomUUID()}.${kind}.json`
    const part = join(this.#path, name + PART)
    try {
      await writeFile(part, body, { mode: 0o600, flag: 'wx', flush: true })
      await rename(part, join(this.#path, name))
    } catch (error) {
      await rm(part, { force: true }).catch(() => undefined)
      throw error
    }
    return name
  }

  /** Never throws: a file that cannot be read counts as damaged. */
  async read({ name, kind }: Pick<SpoolFile, 'name' | 'kind'>): Promise<Reading> {
    try {
      if ((await this.sizeOf(name)) === undefined) return { kind: 'gone' }
      const body = await readFile(join(this.#path, name), 'utf8')
      const { schema } = JSON.parse(body) as { readonly schema?: unknown }
      if (schema === `sipfence.${kind}/1`) return { kind: 'message', body }
      return { kind: 'damaged', why: `its schema is not sipfence.${kind}/1` }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'gone' }
      return { kind: 'damaged', why: error instanceof SyntaxError ? 'it is not JSON' : String(error) }
    }
  }

  /** Gives a damaged file a name that is not read again. Never throws. */
  async setAside(name: string): Promise<void> {
    const aside = name + DAMAGED
    await rename(join(this.#path, name), join(this.#path, aside)).catch(() => undefined)
    this.#damaged.push(aside)
    this.#damaged.sort()
    await this.#removeDamaged()
  }

  /** Never throws: a file that stays is sent once more after a restart, which does no harm. */
  async remove(name: string): Promise<void> {
    await rm(join(this.#path, name), { force: true }).catch(() => undefined)
  }

  /** The oldest of them, where there are too many. */
  async #removeDamaged(): Promise<boolean> {
    if (this.#damaged.length <= MOST_DAMAGED) return false
    await this.remove(this.#damaged.shift()!)
    return true
  }
}

function fileOf(name: string): SpoolFile[] {
  const [, at, kind] = NAME.exec(name) ?? []
  return at === undefined ? [] : [{ name, kind: kind as Message['kind'], at: Number(at) }]
}

/** Not by mkdir's own `recursive`: Node 20 tries for ever where a file system says ENOENT to everything, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    if (code !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await mkdir(path, { mode: 0o700 })
  }
}

function isOurs(name: string, ending: string): boolean {
  return name.endsWith(ending) && NAME.test(name.slice(0, -ending.length))
}
