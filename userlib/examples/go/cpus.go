// SPDX-License-Identifier: MIT

// The number of CPUs that this process may use, and of goroutines.
package main

import (
	"fmt"
	"runtime"
)

func waitForEnd(end chan struct{}) {
	<-end
}

func main() {
	end := make(chan struct{})

	fmt.Printf("CPUs: %d\n", runtime.NumCPU())
	fmt.Printf("goroutines: %d\n", runtime.NumGoroutine())
	for i := 0; i < 10; i++ {
		go waitForEnd(end)
	}
	fmt.Printf("goroutines: %d\n", runtime.NumGoroutine())
	close(end)
}
