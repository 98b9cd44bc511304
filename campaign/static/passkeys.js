// Sign in with a passkey, or add one. The server creates the options and verifies the response; this passes them on.
// If the browser does not support passkeys, elements with data-passkey stay hidden.

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (each) => each.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");

const described = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

const send = async (address, token, body) => {
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(body),
  });
  const result = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(result.error ?? "Something went wrong. Reload the page and try again.");
  return result;
};

const made = async (options) => {
  const found = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: described(options.excludeCredentials),
    },
  });
  return answered(found, {
    attestationObject: text(found.response.attestationObject),
    transports: found.response.getTransports?.() ?? [],
  });
};

const shown = async (options) => {
  const found = await navigator.credentials.get({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      allowCredentials: described(options.allowCredentials),
    },
  });
  const { authenticatorData, signature, userHandle } = found.response;
  return answered(found, {
    authenticatorData: text(authenticatorData),
    signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null,
  });
};

const answered = (found, response) => ({
  id: found.id,
  rawId: text(found.rawId),
  type: found.type,
  clientExtensionResults: found.getClientExtensionResults(),
  response: { clientDataJSON: text(found.response.clientDataJSON), ...response },
});

const inWords = (error) => {
  if (error.name === "NotAllowedError") return "No passkey was chosen, or it took too long.";
  if (error.name === "InvalidStateError") return "This device already has a passkey for this account.";
  if (error.name === "SecurityError") {
    return "Passkeys work only if you open this page with https:// and a host name, not an IP address.";
  }
  return error.message;
};

const carry = async (place) => {
  const words = place.querySelector("[role=alert]");
  words.textContent = "";
  try {
    const { options, answer, token, passkey } = place.dataset;
    const ask = await send(options, token, {});
    const body = await (passkey === "register" ? made(ask) : shown(ask));
    const address = new URL(answer, location.href);
    const name = place.querySelector("input[name=name]");
    if (name) address.searchParams.set("name", name.value);
    location.assign((await send(address, token, body)).next);
  } catch (error) {
    words.textContent = inWords(error);
  }
};

if (window.PublicKeyCredential) {
  for (const without of document.querySelectorAll("[data-without]")) without.hidden = true;
  for (const place of document.querySelectorAll("[data-passkey]")) {
    place.hidden = false;
    if (place.matches("form")) {
      place.addEventListener("submit", (event) => {
        event.preventDefault();
        carry(place);
      });
    } else {
      place.querySelector("button").addEventListener("click", () => carry(place));
    }
  }
}
