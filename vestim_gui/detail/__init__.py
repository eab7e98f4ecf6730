"""One job: is it good, how long does it take, what did it do."""
