// SPDX-License-Identifier: MIT

// A goroutine says hello.  Main waits for it: when main returns, the program ends,
// whatever other goroutines still have to say.
package main

import (
	"fmt"
	"sync"
)

func sayHello(wg *sync.WaitGroup) {
	fmt.Println("Hello from a goroutine!")
	wg.Done()
}

func main() {
	var wg sync.WaitGroup

	wg.Add(1)
	go sayHello(&wg)
	wg.Wait()
	fmt.Println("Hello from main!")
}
