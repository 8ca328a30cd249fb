import type { ReplayDocument } from '../contract/replay.ts'
import { ruleText } from '../core/ingress-rule.ts'
import type { Prefix } from '../core/prefix.ts'
import type { JournalEntry } from '../journal.ts'
import type { EmbeddedResult } from '../local/fence.ts'
import type { ReplayRecord } from '../local/replay.ts'
import { bytes, clock, count, duration, entryText, table } from './format.ts'
import { picture, stopped } from './replay-text.ts'

/** The texts of `sipfence demo`, in lines. */
export function demoIntroduction(recording: string): string[] {
  return [
    'A reflection attack on a real PBX (kamailio), recorded with tcpdump, goes through the whole fence:',
    'the sensor counts, the detectors judge each second, and a network ACL with AWS\u2019s semantics denies.',
    `Recording: ${recording}; times are the recording\u2019s own (UTC).`,
    '',
  ]
}

/** One line for each thing that happens, in the order of packet time. */
export function demoEvent(event: JournalEntry): string[] {
  switch (event.kind) {
    case 'detection': {
      const { at, class: name, source } = event.detection
      return [`${clock(at)}  detected     ${name} ${source}`]
    }
    case 'block': {
      const { block, change } = event
      if (change !== 'new') return [`${clock(block.until)}  ${change.padEnd(11)}  block of ${block.prefix}`]
      return [`${clock(block.from)}  blocked      ${block.prefix} for ${duration(block.until - block.from)}`]
    }
    case 'alert':
      return [`${clock(event.alert.at)}  alert        ${event.alert.kind} ${event.alert.source ?? ''}`]
    case 'change': {
      const { kind, entry } = event.change
      return [
        `${clock(event.at)}  network ACL  ${kind} rule ${entry.ruleNumber}: ${entryText(entry)}${event.failed === null ? '' : ` failed: ${event.failed}`}`,
      ]
    }
    case 'set':
      return event.changes.map(
        ({ kind, prefix }) =>
          `${clock(event.at)}  list         ${kind} ${prefix} in ${event.set}${event.failed === null ? '' : ` failed: ${event.failed}`}`,
      )
    case 'lockdown': {
      const { kind, group, rule } = event.step
      return [`${clock(event.at)}  lockdown     ${kind} ${ruleText(rule)} in ${group}`]
    }
    case 'refusal':
      return [`${clock(event.at)}  refused      to block ${event.source}`]
  }
}

interface Shown {
  readonly document: ReplayDocument
  readonly record: ReplayRecord
  readonly result: EmbeddedResult
}

export function demoSummary({ document, record, result }: Shown, delayMs: number, width: number): string[] {
  return [
    ...picture(record, result, width),
    '',
    ...document.blocks.flatMap((block) => blockLines(block, document, record, { delayMs, width })),
    ...refusedLines(document, width),
    'Where to go next:',
    ...table(
      [
        ['npx sipfence replay FILE', 'your own capture: what would have been blocked, when and why'],
        ['sudo npx sipfence sidecar --dry-run', 'on a PBX: count live traffic and print the reports'],
        ['README.md', 'what it does, what it cannot do'],
      ],
      width,
    ),
  ]
}

function blockLines(
  block: ReplayDocument['blocks'][number],
  { entries }: ReplayDocument,
  record: ReplayRecord,
  { delayMs, width }: { readonly delayMs: number; readonly width: number },
): string[] {
  const prefix = block.prefix as Prefix
  const address = prefix.replace(/\/.*/, '')
  const from = Date.parse(block.from)
  const tally = record.tally(prefix)
  const { sent, dropped, share } = stopped(record, prefix)
  const after = ((from - (tally?.first ?? from)) / 1000).toFixed(1)
  const rules = entries.peak.filter((entry) => entry.prefix === prefix).map(({ ruleNumber }) => ruleNumber)
  const length = duration(Date.parse(block.until) - from)
  const spared = `${count(tally?.repliesPrevented ?? 0)} replies (${bytes(tally?.repliesPreventedBytes ?? 0)})`
  const rows = [
    ['Blocked', `${prefix}, ${SCOPE[block.scope]}, network ACL rule ${rules.join(' and ')}`],
    [
      'When',
      `${clock(from)}, ${after} s after its first packet, in force ${delayMs / 1000} s later, for ${length}`,
    ],
    ['Why', block.why],
    [
      'Stopped',
      `${count(dropped)} of the ${count(sent)} requests that claimed to be ${address} (${Math.round(share * 100)} %) never reached the PBX`,
    ],
    ['Spared', `${spared} that would have hit ${address}`],
  ]
  return [...table(rows, width, ''), '']
}

const SCOPE = { 'sip-udp': 'UDP SIP ports', sip: 'UDP and TCP SIP ports', all: 'all traffic' } as const

function refusedLines({ refused }: ReplayDocument, width: number): string[] {
  return refused.flatMap(({ source, why }) => {
    const rows = [
      ['Left alone', source],
      ['Why', why],
      ['So', 'what claims to be it still reaches the PBX, and people were told by an alert'],
    ]
    return [...table(rows, width, ''), '']
  })
}
