/** Messages as phones, trunks, PBXs and scanners send them, for what a mutation starts from. */
export const MESSAGES: readonly Uint8Array[] = [
  [
    'REGISTER sip:pbx.example SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.7:5062;rport;branch=z9hG4bK1a2b3c',
    'Max-Forwards: 70',
    'From: "Doe, Jane <1001>" <sip:1001@pbx.example;transport=udp>;tag=8f3a',
    'To: <sip:1001@pbx.example>',
    'Call-ID: 5f7c1e@192.0.2.7',
    'CSeq: 21 REGISTER',
    'Contact: <sip:1001@192.0.2.7:5062;ob>;expires=300',
    'Authorization: Digest username="1001", realm="pbx.example", nonce="a\\"b/c+d=", uri="sip:pbx.example",' +
      ' response="0123456789abcdef0123456789abcdef", algorithm=MD5, cnonce="xyz", qop=auth, nc=00000002',
    'User-Agent: Phone/1.2 (lab)',
    'Content-Length: 0',
  ],
  [
    'INVITE sip:bob@[2001:db8::1]:5060 SIP/2.0',
    'v: SIP/2.0/TCP [2001:db8::7]:5071;branch=z9hG4bKx;received=2001:db8::9, SIP/2.0/UDP h;branch=z9hG4bKy',
    'f: sip:alice@example.com;tag=77',
    't: "B \\" ob" <sip:bob@example.com>',
    'i: i-1',
    'CSeq: 1 INVITE',
    'Subject: folded',
    '  value',
    '\tagain',
    'c: application/sdp',
    'l: 24',
    '',
    'v=0\r\no=- 1 1 IN IP6 ::1\r\n',
  ],
  [
    'SIP/2.0 401 Unauthorized',
    'Via: SIP/2.0/UDP 192.0.2.7:5062;rport=5062;branch=z9hG4bK1a2b3c;received=192.0.2.7',
    'From: <sip:1001@pbx.example>;tag=8f3a',
    'To: <sip:1001@pbx.example>;tag=b27e1a1d33761e85846fc98f5f3a7e58.9aaf',
    'Call-ID: 5f7c1e@192.0.2.7',
    'CSeq: 20 REGISTER',
    'WWW-Authenticate: Digest realm="pbx.example", nonce="ZfG1", stale=FALSE, algorithm=MD5, qop="auth,auth-int"',
    'Proxy-Authenticate: Digest realm="other", nonce="n2", stale=true',
    'Server: pbx',
    'Content-Length: 0',
  ],
  [
    'OPTIONS sip:100@198.51.100.1 SIP/2.0',
    'Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bK-1;rport',
    'Content-Length: 0',
  ],
]
  .map((lines) => new Uint8Array(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')))
  .concat([
    Uint8Array.from([0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]),
    Uint8Array.from([0x16, 3, 1, 0, 0xf4, 1, 0, 0, 0xf0, 3, 3]),
    new Uint8Array(Buffer.from('\r\n\r\n')),
  ])
