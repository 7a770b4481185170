package page

import (
	"strings"

	"github.com/instead-support/instead/api/funding"
	"github.com/instead-support/instead/api/needs"
)

// A code that is new to this page is shown as it is: better than not at all.
func wordsFor[K ~string](words map[K]string, code K) string {
	if w, ok := words[code]; ok {
		return w
	}
	return string(code)
}

// categoryWords is what kind of thing stands in the way.
var categoryWords = map[needs.Category]string{
	needs.GettingThere:            "Getting there",
	needs.Clothes:                 "Clothes",
	needs.ToolsAndEquipment:       "Tools and equipment",
	needs.LicencesAndCertificates: "Licences and certificates",
	needs.Skills:                  "Skills",
	needs.EnglishAndMaths:         "English and maths",
	needs.Digital:                 "Phone, computer and internet",
	needs.WorkHistory:             "Work history",
	needs.Confidence:              "Confidence",
	needs.Health:                  "Health",
	needs.Caring:                  "Caring for children or others",
	needs.Home:                    "Home",
	needs.Money:                   "Money",
}

// categoryHints are what to talk about in each category.
var categoryHints = map[needs.Category]string{
	needs.GettingThere:            "Buses and early shifts, a bike, a car, fuel, a driving licence",
	needs.Clothes:                 "For an interview, or to work in: boots, whites, a uniform",
	needs.ToolsAndEquipment:       "What the trade expects people to bring",
	needs.LicencesAndCertificates: "A site card, a trade’s licence, food hygiene, a check of their record",
	needs.Skills:                  "What they can do, and what the work asks for",
	needs.EnglishAndMaths:         "Reading, writing, speaking and figures, as much as the work needs",
	needs.Digital:                 "A phone with credit, a computer, an e-mail address, applying online",
	needs.WorkHistory:             "Gaps, references, a conviction, qualifications from abroad",
	needs.Confidence:              "Interviews, meeting people, being in a new place",
	needs.Health:                  "What they can do, what makes it easier, appointments",
	needs.Caring:                  "Childcare, school times, somebody who depends on them",
	needs.Home:                    "Somewhere safe and steady to live, an address to give",
	needs.Money:                   "The weeks before the first pay, debts, a bank account",
}

// standingWords is how it is with a category.
var standingWords = map[needs.Standing]string{
	needs.InTheWay:    "In the way",
	needs.Strength:    "A strength",
	needs.NotExplored: "Not explored yet",
}

// lineWords is what kind of thing a line is for, as most funds call it. What only
// one fund has is shown by its code.
var lineWords = map[funding.LineCategory]string{
	"travel":             "Travel",
	"interview-clothing": "Clothes for an interview",
	"work-clothing":      "Work clothes",
	"tools":              "Tools",
	"equipment":          "Equipment",
	"digital":            "Phone, computer or internet",
	"licence":            "Licence or certificate",
	"training":           "Training",
	"childcare":          "Childcare",
	"other":              "Something else",
}

var approveWords = map[funding.ApproveCode]string{
	funding.ApproveCodeRemovesNeed:      "It removes what stands in the way",
	funding.ApproveCodeLeadsToJobOffer:  "A job is on offer, and this makes it possible",
	funding.ApproveCodeBetterThanCourse: "It does more than the course would",
	funding.ApproveCodeOther:            "Another reason",
}

// Why more may be spent than the course costs, or not.
var allowExceptionWords = map[funding.AllowExceptionCode]string{
	funding.AllowExceptionCodeLeadsToJobOffer: "There is a job offer that depends on it",
	funding.AllowExceptionCodeNothingCheaper:  "It can’t be had for less",
	funding.AllowExceptionCodeSeveralNeeds:    "It meets several needs at once",
	funding.AllowExceptionCodeOther:           "Another reason",
}

var refuseExceptionWords = map[funding.RefuseExceptionCode]string{
	funding.RefuseExceptionCodePossibleForLess:       "It can be had for less",
	funding.RefuseExceptionCodeOtherFundingAvailable: "Somebody else pays for this",
	funding.RefuseExceptionCodeNotValueForMoney:      "It is not worth the price",
	funding.RefuseExceptionCodeOther:                 "Another reason",
}

var declineWords = map[funding.DeclineCode]string{
	funding.DeclineCodeNotLinkedToNeed:         "It does not meet a need that stands in the way",
	funding.DeclineCodeOtherFundingAvailable:   "Somebody else pays for this",
	funding.DeclineCodeNotValueForMoney:        "It costs more than it should",
	funding.DeclineCodeNotAllowed:              "The rules do not allow it",
	funding.DeclineCodeInsufficientInformation: "There is not enough to go on",
	funding.DeclineCodeOther:                   "Another reason",
}

var returnWords = map[funding.ReturnCode]string{
	funding.ReturnCodeMoreInformation: "More needs to be known",
	funding.ReturnCodeQuoteNeeded:     "A quote is needed",
	funding.ReturnCodePriceCheck:      "The price needs a check",
	funding.ReturnCodeNeedUnclear:     "It is not clear which need it meets",
	funding.ReturnCodeOther:           "Another question",
}

// reasonWords is the reason that a decision was given, or nothing.
func reasonWords(decision funding.State, code string) string {
	switch decision {
	case funding.Approved:
		return wordsFor(approveWords, funding.ApproveCode(code))
	case funding.Declined:
		return wordsFor(declineWords, funding.DeclineCode(code))
	case funding.Returned:
		return wordsFor(returnWords, funding.ReturnCode(code))
	}
	return code
}

// listed puts words together as people do: "Oldham, Rochdale and Bury".
func listed(words []string) string {
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// lowered is words as they stand inside a sentence: "English and maths" keeps
// its capital.
func lowered(words string) string {
	if strings.HasPrefix(words, "English") || words == "" {
		return words
	}
	return strings.ToLower(words[:1]) + words[1:]
}
