"""The address book."""

from agentphone import NotFoundError


async def kept(world):
    contacts = world.api.contacts
    ada = await contacts.create("(415) 555-0187", "Ada Byron", email="ada@example.com", notes="prefers mornings")
    world.proves("contacts.create", ada.phone_number == "+14155550187" and ada.name == "Ada Byron", ada)
    bob = await contacts.create("+14155550188", "Bob")
    world.proves("contacts.get", await contacts.get(ada.id) == ada)
    page = await contacts.list(limit=1)
    world.proves("contacts.list", len(page.data) == 1 and page.has_more and page.total == 2)
    for search in ("byron", "5550187"):
        found = await contacts.list(search=search)
        world.proves("contacts.list", [row.id for row in found.data] == [ada.id], search)
    changed = await contacts.update(ada.id, phone_number="+1 415-555-0189", notes="evenings")
    world.proves("contacts.update", changed.phone_number == "+14155550189" and changed.notes == "evenings")
    world.proves("contacts.update", changed.email == "ada@example.com" and await contacts.get(ada.id) == changed)
    await world.refused(contacts.create("+14155550188", "Bob again"), 409)
    await world.refused(contacts.update(ada.id, phone_number="+14155550188"), 409)
    await world.refused(contacts.create("not a number", "Nobody"), 422)
    for contact in (ada, bob):
        world.proves("contacts.delete", await contacts.delete(contact.id) == {})
    await world.refused(contacts.get(ada.id), 404, NotFoundError)
    await world.refused(contacts.delete(ada.id), 404, NotFoundError)
    world.proves("contacts.list", (await contacts.list()).total == 0)


async def capabilities(world):
    contacts = world.api.contacts
    await world.refused(contacts.get_capabilities("+14155550187"), 400)
    async with world.desk("Asks", type="imessage"):
        able = await contacts.get_capabilities("(415) 555-0187")
        world.proves("contacts.get_capabilities", able["phoneNumber"] == "+14155550187" and able["checkedAt"])
        world.proves("contacts.get_capabilities", able["capabilities"] == {"imessage": False, "sms": True}, able)
        able = await contacts.get_capabilities("+15005550110")
        world.proves("contacts.get_capabilities", able["capabilities"]["imessage"] is True, able)


SCENARIOS = [kept, capabilities]
