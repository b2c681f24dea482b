// The address book.
async function kept(world) {
  const { contacts } = world.api;
  const ada = await contacts.createContact({ phoneNumber: "(415) 555-0187", name: "Ada Byron", email: "ada@example.com" });
  world.proves("contacts.createContact", [ada.phoneNumber, ada.name, ada.notes], ["+14155550187", "Ada Byron", null]);
  world.proves("contacts.getContact", await contacts.getContact({ contact_id: ada.id }), ada);
  const bob = await contacts.createContact({ phoneNumber: "+14155550188", name: "Bob", notes: null });
  const page = await contacts.listContacts({ limit: 1 });
  world.proves("contacts.listContacts", [page.data.length, page.hasMore, page.total], [1, true, 2]);
  const changed = await contacts.updateContact({ contact_id: ada.id, email: null, notes: "evenings" });
  world.proves("contacts.updateContact", [changed.email, changed.notes, changed.name], [null, "evenings", "Ada Byron"]);
  world.proves("contacts.getContact", await contacts.getContact({ contact_id: ada.id }), changed);
  await world.refused(contacts.createContact({ phoneNumber: "+14155550188", name: "Bob again" }), 409);
  for (const contact of [ada, bob]) {
    world.proves("contacts.deleteContact", await contacts.deleteContact({ contact_id: contact.id }), undefined);
  }
  await world.refused(contacts.getContact({ contact_id: ada.id }), 404);
}

async function capabilities(world) {
  const { contacts } = world.api;
  await world.refused(contacts.getContactCapabilities({ phone_number: "+14155550187" }), 400);
  await world.desk("Asks", { type: "imessage" }, async () => {
    const able = await contacts.getContactCapabilities({ phone_number: "415-555-0187" });
    world.proves("contacts.getContactCapabilities", [able.phoneNumber, able.capabilities.sms], ["+14155550187", true]);
    world.proves("contacts.getContactCapabilities", typeof able.capabilities.imessage, "boolean");
  });
}

export const scenarios = [kept, capabilities];
