/**
 * Every default in one place, each with its unit and its reason. Numbers of windows stand in their names:
 * 10, 60 and 600 are seconds.
 */
export const DEFAULTS = {
  /** UDP and TCP ports on which the PBX speaks SIP. */
  ports: [5060],
  mode: 'observe',
  limits: {
    /** A phone needs one challenge a request; 300 phones that boot in 10 s follow nearly all of theirs up. */
    challenges10: 100,
    challenges60: 200,
    /** A follow-up may be forged, but not without telling how many challenges reached somebody. */
    followUpShare: 0.02,
    replies10: 300,
    amplifiedReplies10: 100,
    byteRatio: 3,
    /** Twice what common PBX set-ups allow in their own rate limits. */
    requestsPerSecond: 50,
    failures600: 10,
    failedUsers: 3,
    failures10: 50,
  },
  /** Registrations last an hour at most by custom, so 70 minutes show every phone once. */
  learningSeconds: 4_200,
  ladders: {
    unreachableSeconds: [120, 300, 900, 1_800, 3_600],
    reachableSeconds: [600, 1_800, 7_200, 28_800, 86_400, 604_800],
    jitterShare: 0.2,
  },
  /** What one host may cause within an hour, so that a host in wrong hands cannot fill a fence by itself. */
  perHostHour: { blocks: 1_000, proofs: 10_000 },
  /** AWS allows 20 rules a direction and family; the `*` rule and the operator's allow leave 18. */
  reserve: 0,
  window: { firstRule: 20, lastRule: 79 },
  /** The way past the 38 entries of a network ACL; a rule group that refers to a list does not pay by its size. */
  denyList: { maxEntries: 500 },
  trustedPeers: {
    /** UDP and TCP make two references, which count 40 of a security group's 60 rules. */
    maxEntries: 20,
    /** 20 prefixes of a /16 are 0.03 % of all addresses: so much of a flood with random sources would pass. */
    widest: { ipv4: 16, ipv6: 32 },
    days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  },
  brake: { newlyCovered: 4_096, lifted: 10 },
} as const
