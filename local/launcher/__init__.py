"""The code behind `./sluice`: standard library only, because it runs before any environment exists."""
