// Contact cards of iMessage numbers.
async function set_replaced_deleted(world) {
  const { contactCards } = world.api;
  await world.desk("Card", { type: "imessage" }, async (_, { id: number_id }) => {
    await world.refused(contactCards.getContactCard({ number_id }), 404);
    const card = await contactCards.putContactCard({ number_id, firstName: "Acme", displayName: "Acme Support" });
    world.proves("contactCards.putContactCard", card, {
      firstName: "Acme",
      lastName: null,
      displayName: "Acme Support",
      hasAvatar: false,
    });
    world.proves("contactCards.getContactCard", await contactCards.getContactCard({ number_id }), card);
    world.proves("contactCards.deleteContactCard", await contactCards.deleteContactCard({ number_id }), undefined);
    await world.refused(contactCards.getContactCard({ number_id }), 404);
  });
}

async function refused_for_sms(world) {
  await world.desk("No card", {}, async (_, { id: number_id }) => {
    await world.refused(world.api.contactCards.putContactCard({ number_id, firstName: "Acme" }), 400);
  });
}

export const scenarios = [set_replaced_deleted, refused_for_sms];
