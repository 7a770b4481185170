package seed

import (
	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
	"github.com/instead-support/instead/pkg/money"
)

// story is one jobseeker's way so far. A part that is empty has not happened.
type story struct {
	subject string // at the public demo provider
	coach   string // subject at the staff demo provider
	daysAgo int    // when their coach first met them

	knownAs, email, phone, postcode string

	statement string
	ownHand   bool // they wrote the statement themself, online
	needs     []need
	course    string // code of the standard course they would have been sent on
	lines     []line
	elsewhere money.Pence
	from      string

	end     funding.State // how far their request went
	decider string        // subject at the staff demo provider
	code    string
	words   string

	otherFunding, scrutiny string // of an approval; what is usual if empty
}

type need struct {
	category             needs.Category
	inTheWay, wouldClear string
}

type line struct {
	what, why string
	need      needs.Category
	category  funding.LineCategory
	supplier  string
	pence     money.Pence
	quote     string
}

// stories are those of people in Oldham and Rochdale. Nobody is real; the courses
// and their prices are.
var stories = []story{
	{
		subject: "leanne-hargreaves", coach: "priya-shah", daysAgo: 24,
		email: "leanne.hargreaves@example.org", phone: "07700 900101", postcode: "OL1 3LG",
		statement: "I've been a kitchen porter four years and I can cook. Chef at the Tommyfield says he'll start me on the line if I've got my own knives, whites and shoes, and my food hygiene. I don't need a year on a course to learn what I already do.",
		needs: []need{
			{needs.ToolsAndEquipment, "Has no knives of her own. The kitchen expects chefs to bring a set.", "A basic roll of five knives."},
			{needs.Clothes, "No chef's whites or safety shoes.", "Two sets of whites and a pair of kitchen shoes."},
			{needs.LicencesAndCertificates, "Food hygiene certificate lapsed in 2023.", "Level 2 food hygiene, one day."},
		},
		course: "FWK-582-3-2",
		lines: []line{
			{"Chef's knife roll, five pieces", "The head chef starts her on the line the week she has her own knives.", needs.ToolsAndEquipment, "tools", "Nisbets", 11999, "Shop price, web page printed"},
			{"Two sets of chef's whites and kitchen shoes", "Nobody may work on the line without them.", needs.Clothes, "work-clothing", "Oldham Workwear", 8650, "Quote OW-2217"},
			{"Level 2 food hygiene certificate", "The employer's insurer asks for a current one.", needs.LicencesAndCertificates, "licence", "Oldham Lifelong Learning", 4500, "Price list"},
		},
		end: funding.Approved, decider: "helen-barlow", code: string(funding.ApproveCodeLeadsToJobOffer), words: "A named job starts when she has these. Well put together.",
	},
	{
		subject: "kwame-boateng", coach: "priya-shah", daysAgo: 20,
		email: "k.boateng@example.org", phone: "07700 900102", postcode: "OL8 2BB",
		statement: "I drove artics for nine years. My driver card ran out when my mum was ill and I was home with her. Without the card and the medical nobody can put me in a cab. Two firms at Broadgate are asking for drivers.",
		needs: []need{
			{needs.LicencesAndCertificates, "Driver qualification card and tachograph card have lapsed; medical is out of date.", "35 hours of periodic training, a driver's medical and a new card."},
			{needs.GettingThere, "Depots start at 4 a.m., before the first bus.", "Fuel for the first month until paid."},
		},
		course: "FWK-441-2-3",
		lines: []line{
			{"Periodic training, 35 hours", "The card can't be renewed without it.", needs.LicencesAndCertificates, "training", "Pennine Driver Training", 42500, "Quote PDT-0881"},
			{"Driver's medical (D4)", "The licence can't be renewed without it.", needs.LicencesAndCertificates, "licence", "Royton Medical Centre", 11000, "Price list"},
			{"Driver card and tachograph card", "Both are needed in the cab.", needs.LicencesAndCertificates, "licence", "DVLA", 5700, "Fee on the form"},
		},
		end: funding.Approved, decider: "marcus-reid", code: string(funding.ApproveCodeRemovesNeed), words: "Experienced driver, two vacancies named.",
	},
	{
		subject: "shabnam-akhtar", coach: "tom-whitworth", daysAgo: 17,
		email: "shabnam.akhtar@example.org", phone: "07700 900103", postcode: "OL9 6QD", ownHand: true,
		statement: "I have been offered the morning job at my children's old school. It starts at half past seven and the first bus gets there at ten past eight. They can not change the hours. If I had a bicycle I could be there in fifteen minutes.",
		needs: []need{
			{needs.GettingThere, "The first bus arrives forty minutes after the shift starts.", "A bicycle with lights, lock and helmet."},
			{needs.EnglishAndMaths, "", ""},
		},
		course: "FWK-420-3-1",
		lines: []line{
			{"Refurbished bicycle", "Gets her to school by half past seven every day.", needs.GettingThere, "travel", "Bike Kitchen Oldham", 14500, "Quote 118"},
			{"Helmet, lights and lock", "It is dark at seven for five months of the year.", needs.GettingThere, "travel", "Bike Kitchen Oldham", 6200, "Quote 118"},
		},
		end: funding.Approved, decider: "helen-barlow", code: string(funding.ApproveCodeLeadsToJobOffer), words: "Job offer seen.",
	},
	{
		subject: "connor-schofield", coach: "tom-whitworth", daysAgo: 9,
		email: "connor.s@example.org", phone: "07700 900104", postcode: "OL4 1TJ",
		statement: "Every site says the same, no card no start. I've done labouring cash in hand since school. I just need the card and some boots that aren't split.",
		needs: []need{
			{needs.LicencesAndCertificates, "No site card.", "Health and safety course, test and labourer's card."},
			{needs.Clothes, "Boots are split; no hi-vis or hard hat.", "Safety boots, hi-vis, hard hat and gloves."},
		},
		course: "FWK-520-3-1",
		lines: []line{
			{"Health and safety awareness day, test and labourer's card", "No site takes anyone on without it.", needs.LicencesAndCertificates, "licence", "Greater Manchester Site Training", 22100, "Quote GM-5530"},
			{"Boots, hi-vis, hard hat and gloves", "The agency can place him the same week.", needs.Clothes, "work-clothing", "Oldham Workwear", 9400, "Quote OW-2240"},
		},
		end: funding.Submitted,
	},
	{
		subject: "ewa-nowak", coach: "priya-shah", daysAgo: 8,
		email: "ewa.nowak@example.org", phone: "07700 900105", postcode: "OL2 5PR", ownHand: true,
		statement: "In Poland I was dental nurse for six years. Here they want to see my papers in English and to be on the register. A dentist in Shaw would take me now. I do not need to learn again what I know, I need the papers.",
		needs: []need{
			{needs.LicencesAndCertificates, "Certificates are in Polish and she is not on the register.", "Certified translation and the registration fee."},
			{needs.EnglishAndMaths, "Writing letters in English takes her long.", "Evening class, free at the library."},
		},
		course: "FWK-479-2-1",
		lines: []line{
			{"Certified translation of three certificates", "The register takes no papers that are not in English.", needs.LicencesAndCertificates, "other", "Northern Translations", 27000, "Quote 3381"},
			{"Registration assessment and first year's fee", "Nobody may work as a dental nurse without it.", needs.LicencesAndCertificates, "licence", "General Dental Council", 11400, "Fee list"},
		},
		end: funding.Submitted,
	},
	{
		subject: "mohammed-iqbal", coach: "dan-kershaw", daysAgo: 6,
		knownAs: "Mo", email: "mo.iqbal@example.org", phone: "07700 900106", postcode: "OL8 1XU",
		statement: "I have a car and I know the town. I can't put the badge, the medical and the knowledge test on top of the rent. With those I can start on Monday week.",
		needs: []need{
			{needs.LicencesAndCertificates, "Can't meet the cost of the badge, medical and test together.", "Badge, medical and knowledge test."},
			{needs.Money, "One month behind with rent.", "Advice appointment, already booked."},
		},
		course: "FWK-430-3-1",
		lines: []line{
			{"Private hire driver's badge", "He may not drive for hire without it.", needs.LicencesAndCertificates, "licence", "Licensing office", 18100, "Fee list"},
			{"Medical and knowledge test", "Both come before the badge.", needs.LicencesAndCertificates, "licence", "Licensing office", 13900, "Fee list"},
		},
		end: funding.Submitted,
	},
	{
		subject: "tanisha-campbell", coach: "priya-shah", daysAgo: 12,
		email: "tanisha.c@example.org", phone: "07700 900107", postcode: "OL1 4HP",
		statement: "The care home wants me from the first. Nursery wants a month up front for the little one and I haven't got it. Once I'm paid I can manage it with the help you get. It's only that first month.",
		needs: []need{
			{needs.Caring, "Nursery asks for the first month's fees before the first wage.", "The first month's nursery fees."},
			{needs.GettingThere, "Two buses each way.", "A monthly bus pass."},
		},
		course: "FWK-444-3-2",
		lines: []line{
			{"First month's nursery fees", "Without a place she can't take the job she was offered.", needs.Caring, "childcare", "Little Acorns Nursery", 64800, "Letter from the nursery"},
			{"Monthly bus pass", "Gets her to work until she is paid.", needs.GettingThere, "travel", "Bee Network", 8000, "Fare list"},
		},
		end: funding.Returned, decider: "helen-barlow", code: string(funding.ReturnCodeQuoteNeeded), words: "Is the nursery's deposit given back if she stays the year? Please ask, and say so on the line.",
	},
	{
		subject: "gary-ogden", coach: "tom-whitworth", daysAgo: 15,
		knownAs: "Gaz", email: "gary.ogden@example.org", phone: "07700 900108", postcode: "OL3 7DW",
		statement: "Forty years a fitter and somebody has my tools away out the van. There's contract work at Hollinwood tomorrow if I've a box to bring. I'm not doing a level 2 in what I taught apprentices.",
		needs: []need{
			{needs.ToolsAndEquipment, "Tools were stolen in August; not insured.", "A fitter's tool kit."},
			{needs.Confidence, "Thinks nobody takes on a man of 58.", "A word with the foreman at Hollinwood, arranged."},
		},
		course: "FWK-436-3-7",
		lines: []line{
			{"Fitter's tool kit with case", "The foreman takes him on the day he has tools.", needs.ToolsAndEquipment, "tools", "Cromwell Tools Oldham", 142000, "Quote C-90114"},
			{"Laptop", "To look for other work.", needs.ToolsAndEquipment, "digital", "", 61900, "Web page"},
		},
		end: funding.Declined, decider: "helen-barlow", code: string(funding.DeclineCodeNotLinkedToNeed),
		words: "We can see why you need the tools and would like to say yes to those. The laptop does not answer a need you told us about. Please ask again for the tools alone.",
	},
	{
		subject: "fatima-begum", coach: "priya-shah", daysAgo: 11,
		email: "fatima.begum@example.org", phone: "07700 900109", postcode: "OL8 3NT",
		statement: "I make salwar kameez for family. Shops on Union Street ask me for more but I need the overlocker to finish seams properly. Then I can take the orders.",
		needs: []need{
			{needs.ToolsAndEquipment, "No overlocker: seams are finished by hand and orders are turned away.", "A semi-professional overlocker."},
			{needs.Digital, "", ""},
		},
		course: "FWK-423-3-2",
		lines: []line{
			{"Overlocker", "Three shops have orders waiting.", needs.ToolsAndEquipment, "equipment", "Oldham Sewing Machines", 44900, "Quote 77"},
		},
		end: funding.Withdrawn, words: "Her sister lends her one. She no longer needs it from us.",
	},
	{
		subject: "dmytro-kovalenko", coach: "priya-shah", daysAgo: 4,
		email: "dmytro.k@example.org", phone: "07700 900110", postcode: "OL9 8EH", ownHand: true,
		statement: "I am electrician twelve years in Kharkiv. I need the exam of British wiring regulations and the card. I learn at home from the book. A firm in Chadderton said come back with the card.",
		needs: []need{
			{needs.LicencesAndCertificates, "Needs the wiring regulations exam and a card to work as an electrician here.", "Exam course and electrician's card."},
			{needs.ToolsAndEquipment, "His testers are not calibrated for here.", "A multifunction tester."},
		},
		course: "FWK-431-3-2",
		lines: []line{
			{"Wiring regulations course and exam", "The firm takes him with the certificate.", needs.LicencesAndCertificates, "training", "Oldham College", 49500, "Price list"},
		},
		end: funding.Draft,
	},
	{
		subject: "bronagh-doherty", coach: "ayesha-malik", daysAgo: 5,
		email: "bronagh.d@example.org", phone: "07700 900111", postcode: "OL16 1AB",
		statement: "I've an interview at the bakery on the ninth. I came out with what I stood up in. Something decent to wear and the bus fare, that's all, and I'll do the rest.",
		needs: []need{
			{needs.Clothes, "Has nothing to wear to an interview.", "One interview outfit and shoes."},
			{needs.GettingThere, "No money for the bus until the ninth.", "A week's bus pass."},
			{needs.WorkHistory, "A gap of fourteen months that she has to explain.", "Practice with her coach, booked."},
		},
		course: "FWK-443-3-1",
		lines: []line{
			{"Interview outfit and shoes", "The interview is on the ninth.", needs.Clothes, "interview-clothing", "Smart Works", 9500, "Price list"},
			{"Week's bus pass", "Gets her to the interview and the trial shift.", needs.GettingThere, "travel", "Bee Network", 2000, "Fare list"},
		},
		elsewhere: 2500, from: "Prison leavers' discharge grant",
		end: funding.Submitted,
	},
	{
		subject: "joseph-mensah", coach: "priya-shah", daysAgo: 1,
		email: "joseph.mensah@example.org", phone: "07700 900112", postcode: "OL1 2NF",
		statement: "I am teaching myself to code on my phone. There is an open evening for junior testers in Manchester in January. I can't do the exercises on a phone.",
	},
	{
		subject: "rosa-fernandes", coach: "priya-shah", daysAgo: 130,
		email: "rosa.fernandes@example.org", phone: "07700 900113", postcode: "OL8 4DE",
		statement: "I clean. I have always cleaned. If the nursery opens at six I can do the morning offices, they are crying out for people.",
	},
	{
		subject: "nasreen-ali", coach: "tom-whitworth", daysAgo: 310,
		email: "nasreen.ali@example.org", phone: "07700 900114", postcode: "OL9 7LR",
		statement: "They said the retail course or nothing. I have worked on tills before. I will go, if that is what it takes.",
	},
	{
		subject: "paul-hindle", coach: "dan-kershaw", daysAgo: 290, email: "paul.hindle@example.org", phone: "07700 900115", postcode: "OL2 6AA",
		statement: "Twelve years behind the counter at the tool hire. It closed. I can sell, I can fix what I sell.",
	},
	{
		subject: "shazia-mirza", coach: "dan-kershaw", daysAgo: 280, email: "shazia.mirza@example.org", phone: "07700 900116", postcode: "OL4 1BB",
		statement: "I want shop work near the school. I have never had a job here and do not know how to begin.",
	},
	{
		subject: "craig-butterworth", coach: "dan-kershaw", daysAgo: 275, email: "craig.butterworth@example.org", phone: "07700 900117", postcode: "OL3 5BB",
		statement: "I did warehouse nights. My knees are done. Days in a shop would suit me.",
	},
	{
		subject: "amina-yusuf", coach: "dan-kershaw", daysAgo: 260, email: "amina.yusuf@example.org", phone: "07700 900118", postcode: "OL8 1DD",
		statement: "I ran my uncle's shop in Hargeisa. Nobody here asks what I did before.",
	},
	{
		subject: "lee-ashworth", coach: "dan-kershaw", daysAgo: 250, email: "lee.ashworth@example.org", phone: "07700 900119", postcode: "OL1 4EE",
		statement: "Anything with people in it. I get on with people.",
	},
}
