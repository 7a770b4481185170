package chart

import (
	"math"
	"strconv"
)

// scale places figures between the top and the bottom of a chart, in pixels.
type scale struct {
	low, high float64
	ticks     []int64
	height    float64
}

// most is the largest figure that is drawn where it belongs. It is ten million
// billion pounds, and keeps sums of a few figures far from the end of int64.
const most = int64(1e18)

// newScale takes in all figures and zero, and ends on round numbers.
func newScale(height float64, figures ...*int64) scale {
	var low, high int64
	for _, n := range figures {
		if n != nil {
			low, high = min(low, max(*n, -most)), max(high, min(*n, most))
		}
	}
	if low == high {
		high = 1 // all that is known is nothing
	}
	step := roundStep(float64(high-low) / 4)
	s := scale{height: height}
	for t := int64(math.Floor(float64(low)/float64(step))) * step; ; t += step {
		s.ticks = append(s.ticks, t)
		if t >= high {
			break
		}
	}
	s.low, s.high = float64(s.ticks[0]), float64(s.ticks[len(s.ticks)-1])
	return s
}

// roundStep is the least of 1, 2, 5, 10, 20, 50… that is no less than this.
func roundStep(least float64) int64 {
	power := int64(1)
	for {
		for _, times := range []int64{1, 2, 5} {
			if float64(times*power) >= least {
				return times * power
			}
		}
		power *= 10
	}
}

// up is how far down from the top a figure is drawn.
func (s scale) up(n int64) float64 {
	return s.height * (s.high - float64(min(max(n, -most), most))) / (s.high - s.low)
}

// px writes a length as SVG takes it.
func px(n float64) string { return strconv.FormatFloat(n, 'f', 1, 64) }

// percent writes a part of the whole width as SVG takes it.
func percent(part float64) string { return strconv.FormatFloat(part*100, 'f', 2, 64) + "%" }
