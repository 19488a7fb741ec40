import { randomHex } from "./hash.ts";
import { invalid } from "./invalid.ts";

export function isName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(text);
}

/**
 * Of containers, volumes, pods and networks. They are used in paths, so nothing else may get through. `doing` begins the
 * complaint.
 */
export function checkName(name: string, doing = ""): string {
  if (!isName(name)) {
    const rule = "names must match [a-zA-Z0-9][a-zA-Z0-9_.-]*: invalid argument";
    throw invalid(doing + rule, `${JSON.stringify(name)} does not`);
  }
  if (name.length > 255)
    throw invalid(`${doing}"${name.slice(0, 20)}...": names have at most 255 characters`);
  return name;
}

export function checkVolumeName(name: string, doing = ""): string {
  return checkName(name, `${doing}running volume create option: `);
}

/** The id of a container, and the name of an anonymous volume: 64 hexadecimal digits. */
export function randomId(): string {
  return randomHex(32);
}

/** `adjective_name`, for containers without a name. Not unique: the caller sees whether it is taken. */
export function randomName(): string {
  return `${pick(ADJECTIVES)}_${pick(NAMES)}`;
}

function pick(words: string): string {
  const list = words.trim().split(/\s+/);
  return list[Math.floor(Math.random() * list.length)] ?? "";
}

const ADJECTIVES = `
able agile amber ample balmy bold brave breezy bright brisk calm candid cheery clear clever coastal cosy crisp curious
dapper daring deft diligent eager early easy elated fair fearless fine fleet fluent fond frank fresh gallant gentle
glad golden graceful grand happy hardy hearty honest hopeful humble jolly jovial keen kind light lively loyal lucid
lucky lunar mellow merry mighty mild modest neat nimble noble patient peaceful placid plucky polite proud quick quiet
radiant ready robust rosy rustic serene sharp silent silver sincere smart snug solar steady still stoic sturdy sunny
swift tender thrifty tidal tidy tranquil trusty upbeat valiant vivid warm wise witty zesty
`;

/** Of people who built boats and bridges, mapped seas and skies, and made computing what it is. */
const NAMES = `
abel allen amundsen babbage backus banach barents bartik bell bering bernoulli bohr boole brahe brunel cabot cantor
cauchy cerf codd cook cori curie dahl darwin dijkstra dirac earhart eiffel engelbart erdos euclid euler faraday fermat
fermi feynman floyd fourier galileo galois gauss germain goedel gosling halley hamilton hertz hilbert hoare hodgkin
hooke hopper hubble huygens hypatia johnson joule kahn kepler kernighan khorana knuth lamarr lamport laplace leavitt
leibniz liskov lovelace magellan maxwell mccarthy meitner mendel mercator minsky moore morse nansen napier nash newton
noether nygaard ohm pascal pauling perlman planck poincare postel ramanujan ritchie roebling rubin sagan shannon
shackleton somerville stallman sutherland tasman tesla thompson torricelli turing volta wiener wilkes wirth zuse
`;
