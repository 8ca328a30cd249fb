import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { replayDocument } from '../../lib/contract/replay.ts'
import { sipfence } from './cli.ts'

/** A folder of captures from elsewhere, none of which holds more than a benign source or a slow scanner. */
const folder = process.env['SIPFENCE_CAPTURES']

describe.runIf(folder !== undefined)('captures from elsewhere', () => {
  const files =
    folder === undefined ? [] : readdirSync(folder).filter((name) => /\.pcap(ng)?(\.gz)?$/.test(name))

  test.each(files)('%s replays without error and without a block', async (name) => {
    const { code, out, err } = await sipfence(['replay', join(folder!, name), '--json'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(replayDocument.parse(JSON.parse(out)).blocks).toEqual([])
  })
})
