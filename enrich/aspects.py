"""What people complain of, of any product or service: topics in plain form, and the words they go by. Our own list.

English and Hindi in Latin letters. A word or run of words stands for one topic; of overlapping ones the longest counts.
Words are written as `overheard.enrich.concerns.stem` leaves them or as they are spoken: both find each other.
"""

from typing import Final

# topic: its words, parted by commas. The topic itself need not be repeated.
# fmt: off
ASPECTS: Final[dict[str, str]] = {
    # --- software, devices, connections
    "login": "log in, log on, logging in, logged out, logs me out, logging me out, log me out, sign in, signing in,"
    " signin, sign on, authentication, otp, two-factor, 2fa, captcha, locked out, locked account, verification code",
    "password": "passcode, password reset, master password",
    "crashes": "app hangs, keeps hanging, crash, crashed, crashing, force close, segfault, blue screen, app band,"
    " freeze, freezes, freezing, frozen, froze, hang ho, atak",
    "speed": "slow, sluggish, laggy, lag, lags, lagging, latency, loading time, load time, takes forever to load,"
    " slowness, performance, loading, response time, throttle, throttles, throttled, buffering, buffers, dheere",
    "sync": "synchronisation, synchronization, syncing, syncs, out of sync",
    "search": "search function, search bar, search result",
    "notifications": "notification, push message, alert, alerts",
    "user interface": "buttons, interface, ui, ux, menu structure, layout, redesign, user experience, usability,"
    " navigation, dark mode, dark theme, look and feel",
    "mobile app": "app, android app, ios app, iphone app, phone app, mobile version",
    "website": "web site, webshop, web shop, homepage, portal, online shop, site, web page",
    "updates": "update, upgrade process, firmware, software update, new version, latest version, patch, release",
    "installation": "install, installer, installing, setup, set up, setting up, fitting, commissioning",
    "integration": "integrations, api, webhook, plug-in, plugin, connector, zapier, sso, saml",
    "import and export": "import, export, imports, exports, csv, data transfer, migration, backup, backups, restore",
    "data loss": "deleted my files, deleted a whole, ate my draft, data gone, lost data, lost my data, lost all my,"
    " lost everything, wiped my, wiped all",
    "privacy": "usage data, gdpr, personal data, data breach, data leak, tracking, sold our data, sold my data,"
    " phishing",
    "security": "hacked, hack, vulnerability, unauthorised, unauthorized, stolen account",
    "reports": "report, reporting, dashboard, statistics, analytics",
    "documentation": "docs, manual, help page, help article, instructions, instruction, user guide, handbook,"
    " tutorial",
    "language support": "translation, translated, localisation, localization, language version",
    "accessibility": "screen reader, wheelchair, ramp, disabled access, step-free",
    "compatibility": "compatible, incompatible, not supported, driver, drivers",
    "offline mode": "offline",
    "account": "my account, account closed, account locked, registration, register",
    "connection": "connectivity, disconnect, disconnects, disconnecting, disconnected, bluetooth, pairing,"
    " drops out, wifi, wi-fi, wlan, hotspot",
    "internet": "broadband, fibre, fiber, dsl, internet connection, upload, download speed, router, modem",
    "network coverage": "signal, no signal, reception bars, coverage, network, 5g, 4g, dead zone, roaming",
    "call quality": "dropped call, call drop, voicemail",
    "outages": "outage, downtime, server down, servers down, is down, power cut, blackout, no power, no service,"
    " servers, server",
    "battery life": "battery, batteries, battery drain, charge lasts, runtime, battery backup",
    "charging": "charger, charge port, charging cable, charging station, won't charge, charges slowly",
    "screen": "display, touchscreen, touch screen, pixel, brightness",
    "camera": "photos, photo quality, lens, autofocus, video quality",
    "sound": "audio, speaker, speakers, microphone, mic, volume, sound quality, crackle, headphone jack",
    "keyboard": "keys, spacebar",
    "storage": "disk space, memory card, gb of storage",
    "overheating": "overheats, overheat, runs hot, gets hot, too hot, heats up, heating up",
    "noise": "noisy, loud, rattle, rattles, squeak, squeaks, squealing, hum, hums, buzz, whine, whining,"
    " thin walls, soundproof",
    "scanning": "scan, scanner, scans",
    "printing": "print, prints, printed, printer, printout, print quality, print head, misprint, misprints,"
    " paper jam, jams, jammed, jamming",
    "ink and toner": "ink, toner, cartridge, cartridges, ink subscription",
    "spare parts": "spare part, spare, replacement part, parts availability",
    "maintenance": "servicing, service interval, upkeep",
    "durability": "broke after, broke down, wore out, worn out, fell apart, falls apart, came apart, snapped,"
    " cracked, cracks, longevity, breakage, tears, toot gaya",
    "leaks": "leak, leaking, leaked, leaky, dripping, drips, drip, drip from",
    "accuracy": "precision, inaccurate, tolerance, calibration, backlash",
    "vibration": "chatter, chatters, vibrates, wobble, wobbles, shaking",
    "safety": "dangerous, hazard, unsafe, could have died, could be dead, injury, injured",
    "energy use": "power consumption, energy consumption, electricity use",
    # --- money
    "price": "prices, pricing, priced, expensive, overpriced, pricey, too dear, price increase, price hike,"
    " costs too much, cost too much, cheaper elsewhere, daylight robbery, rip off, rip-off, ripoff, mehnga,"
    " mehenga, mehngi, value for money, paisa barbaad, premium up, not worth the money, waste of money",
    "fees": "fee, hidden fee, surcharge, hidden cost, hidden charge, service charge, extra charge, maintenance fee,"
    " customs fee",
    "billing": "debiting, bill, billed, invoice, invoices, invoicing, overcharged, charged twice, double charged,"
    " charged me, charged us, direct debit, debited, statement, estimated bill, galat bill, paise kaat, paisa kat",
    "payment": "paying, checkout, payment method, card declined, declined, terminal, transaction, transfer, upi",
    "refunds": "refund, refunded, money back, reimbursement, credit note, deposit back, paisa wapas, refund policy",
    "discounts": "discount, voucher, coupon, promo code, gift card, loyalty points, reward points, cashback",
    "contract": "contract terms, terms and conditions, small print, fine print, terms, auto-renewal, auto renewal",
    "cancellation": "cancellation form, cancel button, can't cancel,"
    " impossible to cancel, hard to cancel, unsubscribe",
    "subscription": "subscribe, membership, plan change",
    "interest rates": "interest, interest rate, savings rate, exchange rate",
    "loans": "loan, mortgage, credit",
    "cards": "debit card, credit card, card blocked, blocked card",
    "cash machines": "atm, cash machine, ticket machine",
    "claims": "claim, adjuster, payout, settlement",
    "cover": "coverage of, exclusions, policy cover, excess, not covered",
    # --- orders and delivery
    "delivery": "deliver, delivered, delivering, courier, parcel, package, shipping, shipment, shipped, dispatch,"
    " consignment, driver left, out for delivery, delivery time, order arrived, arrive late, never arrived,"
    " didn't arrive, not arrived, still not here, rider, saaman, postman",
    "tracking": "track, tracking number, live map",
    "packaging": "packing, packed, box, boxes, wrapping, dented box, carton",
    "missing items": "missing item, items missing, parts missing, missing part, screws missing, short by,"
    " incomplete order",
    "wrong item": "wrong order, wrong product, wrong size, wrong colour, wrong color, wrong one, someone else's",
    "availability": "out of stock, in stock, stock, sold out, unavailable, backorder",
    "ordering": "order process, place an order, my order, our order, order form, basket, shopping cart",
    "returns": "return policy, returning, return label, exchange, send back, sent back, sending back",
    "assembly": "assemble, assembling, put together, tool free",
    "opening hours": "opening time, closes at, closed early, opening hour",
    "parking": "car park, parking space, parking lot",
    "booking": "reservation, reservations, double booked, overbooked, rebook, booked, appointment, appointments,"
    " slot",
    # --- people and service
    "customer service": "support, customer support, customer care, helpdesk, help desk, hotline, call centre,"
    " call center, service desk, support team, chat agent, chatbot, bot, after sales, after-sales service,"
    " no response, no reply, no answer, nobody answers, never answer, answer the phone, answers the phone,"
    " pick up the phone, picks up the phone, picking the call, nobody picks up, on hold, hold music, emails,"
    " voicemails, call back, called back, reply, replies, rude agent",
    "staff": "employee, employees, receptionist, reception, waiter, waitress, waiters, manager, salesman,"
    " salesperson, sales rep, cashier, rude, unfriendly, attitude, behaviour, behavior, nurse, nurses, clerk,"
    " agent, unprofessional, crew, instructor",
    "waiting time": "wait, waited, waiting, waiting time, queue, queues, waiting room, line se, line mein,"
    " ghante se, long line",
    "punctuality": "delay, delayed, delays, late, never on time, turned up late, no show, no-show, behind schedule",
    "communication": "kept in the dark, told nobody, nobody told, nobody said, misinformation, contradicting, lied,"
    " lies, lying",
    "technicians": "technician, engineer visit, mechanic, field engineer, plumber, electrician, fitter, fitters,"
    " installer",
    "repairs": "repair, repaired, repair centre, workshop, not fixed, fault found, fix it, fixing",
    "warranty": "guarantee, goodwill, warranty claim",
    "training": "onboarding, induction, course material",
    "advertising": "ads, ad, advert, adverts, commercials, false advertising, misleading, advertised, spam,"
    " newsletter",
    "sales calls": "cold call, cold calls, sales people, telemarketing, phoned me",
    "complaint handling": "complaint closed, complaint, complaints, ticket closed, tickets, ticket",
    # --- quality of goods
    "quality": "poor quality, bad quality, quality control, flimsy, shoddy, badly made, cheaply made, ghatiya,"
    " build quality, workmanship, plasticky, materials",
    "size and fit": "size, sizes, sizing, fit, fits, too small, too big, too tight, too large, runs small",
    "colour": "color, colours, colors, shade, faded, muddy",
    "fabric": "material, seam, seams, stitching, zip, zipper, button fell, pills, pilling, leather, polyester",
    "comfort": "comfortable, uncomfortable, seat, seats, legroom, cushion",
    "smell": "smells, smelled, smelly, stink, stinks, odour, odor, reeks, reek, stench, badbu, scent",
    "taste": "tastes, tasted, bland, tasteless, flavour, flavor, too salty",
    "food": "meal, meals, dish, pizza, steak, rice, soup, fries, breakfast, dinner, lunch, khana, menu, canteen,"
    " dessert, undercooked, raw",
    "drinks": "coffee, wine, beer, tea, water bottle, minibar",
    "portion size": "portion, portions, tiny portion, half empty",
    "freshness": "stale, mouldy, moldy, expired, out of date, spoiled, rotten, warm milk, gone off",
    "food poisoning": "sick after, upset stomach, threw up, throws up, poisoning",
    "allergies": "allergen, allergens, allergic, rash, stings, itchy, broke out",
    "hygiene": "dirty, filthy, unclean, bed bugs, mouse, cockroach, cockroaches, hair in, sticky, mould, unhygienic,"
    " ganda",
    "cleaning": "housekeeping, cleaners, cleaner, cleaned, cleanliness, clean",
    "weight": "heavy, too heavy",
    "design": "ugly, looks cheap, appearance, finish",
    "ingredients": "recipe, formula, additives",
    # --- places and stays
    "rooms": "room, bathroom, bed, beds, mattress, pillow, towel, sea view",
    "hot water": "showers cold, shower cold, cold shower, no hot water",
    "heating": "radiator, heater, heat pump, boiler, freezing cold in",
    "air conditioning": "aircon, ac, a/c, air con, air conditioner, ventilation",
    "lifts": "lift, elevator, elevators, escalator",
    "pool and gym": "pool, sauna, treadmill, treadmills, fitness room, gym equipment, spa",
    "changing rooms": "locker room, changing room",
    "atmosphere": "ambience, music so loud, music too loud, crowded",
    "location": "neighbourhood, neighborhood, area",
    "check-in": "check in, checkin, check-out, checkout time, boarding",
    # --- transport, cars, travel
    "flights": "flight, plane, layover",
    "luggage": "bag, bags, suitcase, baggage, lost bag, hold luggage",
    "trains and buses": "train, trains, bus, buses, tram, line cancelled, ferry",
    "tickets and seats": "seat reservation, booked seats, boarding pass, tickets cost",
    "rental cars": "rental car, rental, hire car",
    "engine": "gearbox, transmission, motor, clutch, engine light",
    "brakes": "brake, wheel nuts, tyres, tyre, tires, tire",
    "range": "mileage, range drops, fuel consumption, fuel economy",
    "software in the car": "infotainment, gps, sat nav, satnav",
    "fuel": "petrol, diesel",
    "visas and papers": "visa, passport, papers",
    # --- health, schools, public
    "treatment": "diagnosis, misdiagnosed, filling, crown, surgery, operation, injection",
    "prescriptions": "prescription, medicine, medication, pharmacy, dawai",
    "test results": "test result, results mixed, lab, samples, sample",
    "doctors": "doctor, dentist, gp, physician, consultant, vet",
    "teaching": "teacher, teachers, tutor, lesson, lessons, lecture, lectures, bootcamp, webinar",
    "homework and exams": "exam, exams, marks, grading, homework, test paper",
    "admissions": "admission, enrolment, enrollment, scholarship",
    "childcare": "kindergarten, nursery, playground",
    "school meals": "school lunch",
    "noise of neighbours": "neighbour's, party next door",
    "waste collection": "bins, garbage, recycling, litter bins",
    "roads": "pothole, potholes, street light, road works",
    # --- machines, farm, trade
    "spindle": "chuck, tool change, tailstock, bar feeder",
    "control system": "cnc control, control froze, plc, controller, inverter, interface card",
    "coolant and oil": "coolant, lubricant, oil, grease, hydraulic, hydraulics, hose",
    "hydraulics": "hydraulic leak, hydraulic hose, hydraulic unit",
    "sensors": "sensor, probe",
    "conveyor": "chip conveyor, belt, feeder",
    "tools": "drill, drills, blade, inserts, nailer",
    "seeds and plants": "seed, seeds, germination, bulbs, plants, beej",
    "animal feed": "feed, dog food, cat food, pellets, kibble, litter",
    "fertiliser": "fertilizer, urea, khaad, spray, sprayer, nozzles",
    "milking": "milk cooler, milking robot, parlour",
    "harvest machines": "baler, combine, twine, harvester",
    "lead times": "lead time, weeks for a, months for a, backlog, weeks to get",
    "documents": "certificate, paperwork, forms, contract papers",
    "quotes": "quotation, estimate was, quote said",
    "measuring": "meter, smart meter, meter reading",
    "construction": "roof, scaffold, tiles, paint, floor, concrete, sealant, wall, walls",
    "furniture": "sofa, chair, chairs, table, wardrobe, shelf, drawer, drawers",
    "garden": "lawn, mower, hedge, roses",
    # --- media, games, events
    "matchmaking": "ranked, rank system",
    "servers": "game server, rubberbanding, ping, launch day",
    "bugs": "bug, glitch, glitches, buggy, glitchy",
    "in-app purchases": "pay to win, microtransactions, loot box, loot boxes, skins, paywall",
    "content": "episodes, series, catalogue, library, ending, writing",
    "streaming": "stream, streams, playback, video stops",
    "subtitles": "captions, subtitle",
    "toilets": "toilet, restroom, restrooms, loo",
    "tickets": "ticket fee, box office, re-entry",
    "editing": "undo, undo button, copy and paste, drafts, draft",
    "calendar": "calendar view, scheduling, schedule",
    "permissions": "access rights, admin rights, roles, role",
    "remote control": "remote",
    "voice assistant": "assistant, voice control, ai assistant",
    "temperature": "too cold, cold when, arrived cold, was cold, lukewarm",
}
# fmt: on
