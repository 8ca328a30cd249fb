import { join } from 'node:path'
import type { Command } from 'commander'
import { defaultFence } from '../config.ts'
import { openCapture } from '../host/capture-file.ts'
import { packageRoot } from '../host/package-root.ts'
import { demoEvent, demoIntroduction, demoSummary } from '../view/demo-text.ts'
import { replay } from './replay.ts'
import { print, tellPeople, terminalWidth } from './terminal.ts'

const RECORDING = 'examples/recorded-attack/reflection.pcap.gz'
const ENFORCEMENT_DELAY_MS = 2_000

export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('a recorded reflection attack through the embedded fence: seconds, no AWS account, no root')
    .action(async () => {
      print(demoIntroduction(RECORDING))
      const capture = openCapture(join(packageRoot(), RECORDING), tellPeople)
      const options = { enforcementDelay: ENFORCEMENT_DELAY_MS }
      const run = await replay(capture, defaultFence('demo'), options, (event) => print(demoEvent(event)))
      print(demoSummary(run, ENFORCEMENT_DELAY_MS, terminalWidth()))
    })
}
