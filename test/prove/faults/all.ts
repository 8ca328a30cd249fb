import type { PlantedFault } from '../planted-fault.ts'
import { AWS_FAULTS } from './aws.ts'
import { DEPLOY_FAULTS } from './deploy.ts'
import { DETECTION_FAULTS } from './detection.ts'
import { HOST_FAULTS } from './host.ts'
import { LOOP_FAULTS } from './loops.ts'
import { PLAN_FAULTS } from './plan.ts'

/** Every fault that the tests are known to catch, the cheapest to run first. */
export const FAULTS: readonly PlantedFault[] = [
  ...PLAN_FAULTS,
  ...DETECTION_FAULTS,
  ...LOOP_FAULTS,
  ...HOST_FAULTS,
  ...AWS_FAULTS,
  ...DEPLOY_FAULTS,
]
