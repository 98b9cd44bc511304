// Solves a proof of work by altcha (https://altcha.org/docs/v2/proof-of-work/): finds the counter for which PBKDF2 over
// nonce and counter begins with the given prefix. Answers with altcha's payload in base64, or "" if it cannot.
const AT_ONCE = 8; // WebCrypto spreads these over the processor's cores.
const MOST = 100_000;

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

async function derive({ nonce, salt, cost, keyLength }, counter) {
  const start = bytes(nonce);
  const password = new Uint8Array(start.length + 4);
  password.set(start);
  new DataView(password.buffer).setUint32(start.length, counter);
  const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  return hex(await crypto.subtle.deriveBits(how, key, keyLength * 8));
}

async function solve(challenge) {
  const { parameters } = challenge;
  for (let first = 0; first < MOST; first += AT_ONCE) {
    const counters = Array.from({ length: AT_ONCE }, (_, place) => first + place);
    const keys = await Promise.all(counters.map((counter) => derive(parameters, counter)));
    const place = keys.findIndex((key) => key.startsWith(parameters.keyPrefix));
    if (place >= 0) {
      const solution = { counter: counters[place], derivedKey: keys[place] };
      return btoa(JSON.stringify({ challenge, solution }));
    }
  }
  return "";
}

addEventListener("message", async ({ data }) => {
  postMessage(await solve(data).catch(() => ""));
});
