"""Contact cards of iMessage numbers."""

from agentphone import NotFoundError


async def set_replaced_deleted(world):
    numbers = world.api.numbers
    async with world.desk("Card", type="imessage") as (_, number):
        await world.refused(numbers.get_contact_card(number.id), 404, NotFoundError)
        card = await numbers.set_contact_card(number.id, "Acme", "Support", display_name="Acme Support")
        world.proves("numbers.set_contact_card", (card["firstName"], card["displayName"]) == ("Acme", "Acme Support"))
        world.proves("numbers.set_contact_card", card["hasAvatar"] is False)
        world.proves("numbers.get_contact_card", await numbers.get_contact_card(number.id) == card)
        card = await numbers.set_contact_card(number.id, "Acme", "Sales")
        world.proves("numbers.set_contact_card", card["displayName"] is None and card["lastName"] == "Sales", "replaced")
        world.proves("numbers.delete_contact_card", await numbers.delete_contact_card(number.id) == {})
        await world.refused(numbers.get_contact_card(number.id), 404, NotFoundError)


async def refused_for_sms(world):
    async with world.desk("No card") as (_, number):
        await world.refused(world.api.numbers.set_contact_card(number.id, "Acme", "Support"), 400)


SCENARIOS = [set_replaced_deleted, refused_for_sms]
