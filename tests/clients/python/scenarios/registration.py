"""10DLC registration."""

from agentphone import NotFoundError

FORM = dict(
    registration_type="sole_proprietor",
    first_name="Ada",
    last_name="Byron",
    email="ada@example.com",
    phone_number="+14155550123",
    street_address="1 Main St",
    city="Oakland",
    state="CA",
    zip_code="94607",
    description="Appointment reminders for customers of our repair shop.",
    use_cases=["customer_care"],
    message_samples=["Byron Repair: your visit is tomorrow at 9.", "Byron Repair: your bike is ready for pickup."],
    consent_flow="Customers tick a consent box when booking on our site.",
    opt_in_image_url="https://example.com/optin.png",
)


async def submitted(world):
    registration = world.api.registration
    status = await registration.get_status()
    world.proves("registration.get_status", status["campaign_status"] == "none" and "message" in status, status)
    await world.refused(registration.get(), 404, NotFoundError)
    error = await world.refused(registration.register(**{**FORM, "use_cases": [], "description": "short"}), 422)
    places = {fault["loc"][-1] for fault in error.message}
    assert {"use_cases", "description"} <= places, error.message
    await world.refused(registration.register(**{**FORM, "registration_type": "standard_brand"}), 422)
    answer = await registration.register(**FORM)
    world.proves("registration.register", answer["ok"] is True and answer["fee_cents"] == 2500, answer)
    world.proves("registration.register", answer["sub_account_id"] is None, "Python sends create_sub_account false")
    status = await registration.get_status()
    world.proves("registration.get_status", status["campaign_status"] == answer["campaign_status"], status)
    detail = await registration.get()
    world.proves("registration.get", detail["first_name"] == "Ada" and detail["use_cases"] == ["customer_care"], detail)
    if status["campaign_status"] == "approved":
        await world.refused(registration.update(description=FORM["description"] + " Changed."), 409)
    changed = await registration.update(description=FORM["description"] + " Changed.")
    world.proves("registration.update", changed["description"].endswith("Changed."), changed)
    world.proves("registration.update", (await registration.get())["description"].endswith("Changed."))
    await world.refused(registration.register(**FORM), 409)


SCENARIOS = [submitted]
