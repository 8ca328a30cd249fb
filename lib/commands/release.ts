import { setTimeout } from 'node:timers/promises'
import type { Command } from 'commander'
import { leftText, releasedText } from '../view/release-text.ts'
import { type DeployedOptions, deployedCommand, withDeployed } from './deployed-options.ts'
import { operator } from './operator.ts'
import { releaseFence } from './release-fence.ts'
import { print, tellPeople, terminalWidth } from './terminal.ts'

export function addRelease(program: Command): void {
  deployedCommand(
    program,
    'release',
    'remove all it holds and open the door from here, without its functions; before cdk destroy, or when they fail',
  ).action((options: DeployedOptions) =>
    withDeployed(options, async (deployed) => {
      const { fence, clock, trusted } = deployed
      const released = await releaseFence(deployed, {
        by: operator(),
        clock,
        wait: (ms) => setTimeout(ms),
        told: (line) => print([line]),
        waiting: tellPeople,
      })
      const left = leftText(released)
      if (left.length > 0)
        throw new Error(
          [`Cannot release fence "${fence.id}" as a whole; it is off, so run this again:`, ...left].join(
            '\n',
          ),
        )
      const lists = trusted === undefined ? [] : Object.values(trusted.lists).map(({ id }) => id)
      print(releasedText(fence.id, released, lists, terminalWidth()))
    }),
  )
}
