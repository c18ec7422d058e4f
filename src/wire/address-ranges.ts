/**
 * What each part of the IP address space is for, as data. Sources are the RFCs behind the IANA special-purpose
 * registries, and for metadata services the provider that answers there. The most specific range decides.
 */

/** `shared` is carrier-grade NAT; `reserved` gathers documentation, benchmarking, protocol and unassigned space. */
export type AddressClass =
  | 'public'
  | 'shared'
  | 'private'
  | 'link_local'
  | 'loopback'
  | 'unspecified'
  | 'reserved'
  | 'multicast'
  | 'metadata';

/** From harmless to grave: an address that carries another one inside takes the graver class of the two. */
export const CLASSES_BY_GRAVITY: readonly AddressClass[] = [
  'public',
  'shared',
  'private',
  'link_local',
  'loopback',
  'unspecified',
  'reserved',
  'multicast',
  'metadata',
];

export type AddressRange = readonly [cidr: string, addressClass: AddressClass, source: string];

export const ADDRESS_RANGES: readonly AddressRange[] = [
  ['0.0.0.0/0', 'public', 'RFC 791'],
  ['0.0.0.0/8', 'unspecified', 'RFC 1122, this network; many systems take 0.0.0.0 for themselves'],
  ['10.0.0.0/8', 'private', 'RFC 1918'],
  ['100.64.0.0/10', 'shared', 'RFC 6598'],
  ['127.0.0.0/8', 'loopback', 'RFC 1122'],
  ['169.254.0.0/16', 'link_local', 'RFC 3927'],
  ['172.16.0.0/12', 'private', 'RFC 1918'],
  ['192.0.0.0/24', 'reserved', 'RFC 6890, IETF protocol assignments'],
  ['192.0.2.0/24', 'reserved', 'RFC 5737, documentation'],
  ['192.88.99.0/24', 'reserved', 'RFC 7526, former 6to4 relays'],
  ['192.168.0.0/16', 'private', 'RFC 1918'],
  ['198.18.0.0/15', 'reserved', 'RFC 2544, benchmarking'],
  ['198.51.100.0/24', 'reserved', 'RFC 5737, documentation'],
  ['203.0.113.0/24', 'reserved', 'RFC 5737, documentation'],
  ['224.0.0.0/4', 'multicast', 'RFC 5771'],
  ['240.0.0.0/4', 'reserved', 'RFC 1112, with broadcast'],

  ['::/0', 'reserved', 'RFC 4291, not assigned as unicast'],
  ['2000::/3', 'public', 'RFC 4291, global unicast'],
  ['::/96', 'public', 'RFC 4291, IPv4-compatible: the address inside decides'],
  ['::/128', 'unspecified', 'RFC 4291'],
  ['::1/128', 'loopback', 'RFC 4291'],
  ['::ffff:0:0/96', 'public', 'RFC 4291, IPv4-mapped: the address inside decides'],
  ['64:ff9b::/96', 'public', 'RFC 6052, NAT64: the address inside decides'],
  ['64:ff9b:1::/48', 'reserved', 'RFC 8215, local NAT64'],
  ['100::/64', 'reserved', 'RFC 6666, discard'],
  ['2001::/23', 'reserved', 'RFC 2928, IETF protocol assignments, with Teredo'],
  ['2001:db8::/32', 'reserved', 'RFC 3849, documentation'],
  ['2002::/16', 'public', 'RFC 3056, 6to4: the address inside decides'],
  ['3fff::/20', 'reserved', 'RFC 9637, documentation'],
  ['5f00::/16', 'reserved', 'RFC 9602, segment routing'],
  ['fc00::/7', 'private', 'RFC 4193'],
  ['fe80::/10', 'link_local', 'RFC 4291'],
  ['fec0::/10', 'private', 'RFC 3879, former site-local'],
  ['ff00::/8', 'multicast', 'RFC 4291'],

  ['169.254.169.254/32', 'metadata', 'instance metadata of most clouds'],
  ['169.254.170.2/32', 'metadata', 'AWS, credentials of ECS tasks'],
  ['169.254.170.23/32', 'metadata', 'AWS, credentials of EKS pods'],
  ['100.100.100.200/32', 'metadata', 'Alibaba Cloud'],
  ['192.0.0.192/32', 'metadata', 'Oracle Cloud'],
  ['168.63.129.16/32', 'metadata', 'Azure host agent'],
  ['fd00:ec2::254/128', 'metadata', 'AWS, instance metadata'],
  ['fd00:ec2::23/128', 'metadata', 'AWS, credentials of EKS pods'],
  ['fd20:ce::254/128', 'metadata', 'Google Cloud'],
];
