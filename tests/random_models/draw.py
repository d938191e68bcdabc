"""Choices that a seed makes: the same in every version of Python, which promises it of random() alone."""
import random


class Draw:
    def __init__(self, seed, purpose):
        """Draws for different purposes don't disturb each other: a new check changes no model."""
        self._random = random.Random(f"{seed} {purpose}").random

    def below(self, end):
        return int(self._random() * end)

    def choice(self, *options):
        return options[self.below(len(options))]

    def chance(self, probability):
        return self._random() < probability

    def between(self, low, high):
        """A float, high excluded."""
        return low + (high - low) * self._random()

    def shuffled(self, items):
        rest, result = list(items), []
        while rest:
            result.append(rest.pop(self.below(len(rest))))
        return result
