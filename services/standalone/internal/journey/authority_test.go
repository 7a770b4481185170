package journey_test

import "testing"

func TestAuthorityIsGivenByTwoPeopleAndTakenByOne(t *testing.T) {
	manager := signIn(t, true, "Helen Barlow")
	manager.sees("You may approve requests up to £5,000.00, above £2,000.00 with a second person, in Oldham.")
	manager.open("/authority")
	manager.picture("authority")
	manager.click("Line managers")
	manager.sees("Priya Shah")
	manager.click("Set a line manager")
	manager.click("Save")
	manager.sees("Choose a work coach.")

	manager.open("/authority/new")
	manager.choose("Every area where they work")
	manager.fill("Who?", "Marcus Reid")
	manager.fill("The most they may approve", "7500")
	manager.fill("Why", "While the head of service is away.")
	manager.picture("authority-new")
	manager.click("Propose")
	manager.sees("waiting to be confirmed")
	manager.seesNot("If you confirm it")

	finance := signIn(t, false, "Imran Sadiq")
	finance.open("/authority?state=waiting")
	finance.click("Marcus Reid")
	finance.picture("authority-confirm")
	finance.click("Confirm")
	finance.sees("by Imran Sadiq")
	finance.click("End this authority")
	finance.choose("At once")
	finance.fill("Why", "The head of service is back.")
	finance.click("End this authority")
	finance.sees("The head of service is back.")
}
