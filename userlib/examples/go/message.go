// SPDX-License-Identifier: MIT

// A message over a channel.  The channel has no buffer: the send and the receive meet.
package main

import "fmt"

func sendMessage(messages chan string) {
	messages <- "Hello through a channel!"
}

func main() {
	messages := make(chan string)

	go sendMessage(messages)
	message := <-messages
	fmt.Println(message)
}
