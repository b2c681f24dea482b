"""SIP trunks: credentials are shown once and rotate."""

from agentphone import NotFoundError


async def stored_and_rotated(world):
    trunks = world.api.sip_trunks
    made = await trunks.create()
    secret = made.credentials[0]
    world.proves("sip_trunks.create", secret.password and secret.username and made.id.startswith("trunk_"), made)
    world.proves("sip_trunks.create", (made.transfers, made.transfer_caller_id) == ("all", "transferee"))
    shown = await trunks.get(made.id)
    world.proves("sip_trunks.get", shown.credentials[0].password is None, "the password is shown once")
    world.proves("sip_trunks.get", shown.credentials[0].password_last4 == secret.password[-4:])
    uri = {"sip_uri": "sip:pbx.example.com:5061;transport=tls", "name": "primary", "priority": 1, "weight": 1}
    changed = await trunks.update(made.id, name="PBX", transfers="sip", origination={"uris": [uri]})
    world.proves("sip_trunks.update", changed.name == "PBX" and changed.transfers == "sip")
    world.proves("sip_trunks.update", changed.origination_uris[0].sip_uri == uri["sip_uri"], changed)
    world.proves("sip_trunks.update", changed.credentials[0].password is None, "a change does not rotate")
    rotated = await trunks.update(made.id)
    fresh = rotated.credentials[0].password
    world.proves("sip_trunks.update", fresh and fresh != secret.password and rotated.name == "PBX", "rotated")
    listed = await trunks.list()
    world.proves("sip_trunks.list", [row.id for row in listed] == [made.id] and listed[0].credentials[0].password is None)
    world.proves("sip_trunks.delete", (await trunks.delete(made.id))["success"] is True)
    await world.refused(trunks.get(made.id), 404, NotFoundError)
    await world.refused(trunks.delete(made.id), 404, NotFoundError)
    world.proves("sip_trunks.list", await trunks.list() == [])


SCENARIOS = [stored_and_rotated]
