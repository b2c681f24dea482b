// 10DLC registration. This client lets the server make a sub-account for it.
import assert from "node:assert/strict";

const FORM = {
  registration_type: "sole_proprietor",
  first_name: "Ada",
  last_name: "Byron",
  email: "ada@example.com",
  phone_number: "+14155550123",
  street_address: "1 Main St",
  city: "Oakland",
  state: "CA",
  zip_code: "94607",
  description: "Appointment reminders for customers of our repair shop.",
  use_cases: ["customer_care"],
  message_samples: ["Byron Repair: your visit is tomorrow at 9.", "Byron Repair: your bike is ready for pickup."],
  consent_flow: "Customers tick a consent box when booking on our site.",
  opt_in_image_url: "https://example.com/optin.png",
};

async function submitted(world) {
  const { registration } = world.api;
  const error = await world.refused(registration.registerA2P({ ...FORM, use_cases: [], zip_code: null }), 422);
  assert(error.body.detail.length >= 2, JSON.stringify(error.body));
  const before = await registration.getRegistrationStatus();
  world.proves("registration.getRegistrationStatus", before.campaign_status, "none");
  const answer = await registration.registerA2P(FORM);
  world.proves("registration.registerA2P", [answer.ok, answer.fee_cents], [true, 2500]);
  world.holds("registration.registerA2P", answer.sub_account_id.startsWith("sub_"), answer.sub_account_id);
  const theirs = await registration.getRegistrationStatus({ "X-Sub-Account-Id": answer.sub_account_id });
  world.proves("registration.getRegistrationStatus", theirs.campaign_status, answer.campaign_status);
  const ours = await registration.getRegistrationStatus();
  world.proves("registration.getRegistrationStatus", ours.campaign_status, "none", "it is the sub-account's");
}

export const scenarios = [submitted];
